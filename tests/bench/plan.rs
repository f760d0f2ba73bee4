//! How much a run measures: counts, so that every run ends.

/// How much is measured.
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) size: Size,
    quick: bool,
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

impl Size {
    const FULL: Self = Self {
        echo: 40_960,
        append: 20_480,
        group_commit: 4_096,
        one_caller: 512,
    };
    /// A short one; the warm-up, too.
    pub(crate) const QUICK: Self = Self {
        echo: 4_096,
        append: 3_072,
        group_commit: 1_024,
        one_caller: 128,
    };

    pub(crate) fn register(self) -> usize {
        self.append + self.group_commit
    }
}

impl Plan {
    pub(crate) fn of(quick: bool, rounds: u32) -> Self {
        let (rounds, size) = if quick {
            (1, Size::QUICK)
        } else {
            (rounds, Size::FULL)
        };
        Self {
            rounds,
            size,
            quick,
        }
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }
}
