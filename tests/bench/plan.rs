//! How much a run measures: counts, so that every run ends.

use clap::ValueEnum;

/// What can be measured without the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Area {
    /// Registrations over SQLite, and their floors.
    Sqlite,
    /// Registrations over PostgreSQL, and their floor.
    Postgres,
    /// What follows from the record's size: replay, growth, receipts.
    Record,
}

/// How much is measured.
pub(crate) struct Plan {
    areas: Vec<Area>,
    pub(crate) rounds: u32,
    pub(crate) size: Size,
    pub(crate) record: Record,
    scale: Scale,
}

/// How long a run may take, and what its figures are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Figures.
    Full,
    /// A look at the order of things.
    Quick,
    /// Whether everything works.
    Tiny,
}

/// Calls of one round. As many rows go through the service as through the floor's stores, so that both have
/// tables of the same size.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) echo: usize,
    pub(crate) append: usize,
    pub(crate) group_commit: usize,
    pub(crate) one_caller: usize,
}

/// What is measured once, beside the rounds.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    /// Entries of the journals that are replayed.
    pub(crate) replayed: [u32; 2],
    /// Relocations in the stores that registrations are measured over.
    pub(crate) grown: &'static [u32],
    /// Registrations into each of them, three times and once to warm up: few, so that they stay of their size.
    pub(crate) registrations: usize,
    /// Receipts.
    pub(crate) receipts: usize,
}

impl Size {
    const FULL: Self = Self {
        echo: 40_960,
        append: 20_480,
        group_commit: 4_096,
        one_caller: 512,
    };
    /// A short one; the warm-up, too.
    const QUICK: Self = Self {
        echo: 4_096,
        append: 3_072,
        group_commit: 1_024,
        one_caller: 128,
    };
    const TINY: Self = Self {
        echo: 512,
        append: 512,
        group_commit: 256,
        one_caller: 16,
    };

    pub(crate) fn register(self) -> usize {
        self.append + self.group_commit
    }
}

impl Record {
    const FULL: Self = Self {
        replayed: [100_000, 1_000_000],
        grown: &[10_000, 100_000, 1_000_000],
        registrations: 2_048,
        receipts: 8_192,
    };
    const QUICK: Self = Self {
        replayed: [10_000, 100_000],
        grown: &[10_000, 100_000],
        registrations: 2_048,
        receipts: 2_048,
    };
    const TINY: Self = Self {
        replayed: [200, 2_000],
        grown: &[100, 300],
        registrations: 32,
        receipts: 32,
    };
}

impl Plan {
    pub(crate) fn of(scale: Scale, rounds: u32, areas: &[Area]) -> Self {
        let (rounds, size, record) = match scale {
            Scale::Full => (rounds, Size::FULL, Record::FULL),
            Scale::Quick => (1, Size::QUICK, Record::QUICK),
            Scale::Tiny => (1, Size::TINY, Record::TINY),
        };
        Self {
            areas: areas.to_vec(),
            rounds,
            size,
            record,
            scale,
        }
    }

    /// What is measured first and not kept.
    pub(crate) fn warm_up(&self) -> Size {
        match self.scale {
            Scale::Full | Scale::Quick => Size::QUICK,
            Scale::Tiny => Size::TINY,
        }
    }

    /// Whether an area is measured: all are, unless some were named.
    pub(crate) fn measures(&self, area: Area) -> bool {
        self.areas.is_empty() || self.areas.contains(&area)
    }

    /// Whether its figures are for showing alone.
    pub(crate) fn is_quick(&self) -> bool {
        self.scale != Scale::Full
    }
}
