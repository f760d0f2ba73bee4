//! Names of things: what an entry is about, where it stands, which version it made.
//! Nothing here says anything about a person.

use std::fmt;

use uuid::Uuid;

use crate::municipality::MunicipalityCode;

/// Place in the journal's one total order, from 1, without gaps. 0 means "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Version of a subject after an entry, from 1, without gaps. 0 means "does not exist yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl Version {
    /// The version that the next entry makes.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Number of a notice in its recipient's inbox, from 1, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeNumber(pub u64);

/// The kinds of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// The system itself: time, definitions, confirmations.
    System,
    /// A relocation (flytt).
    Relocation,
    /// An arrival (ankomst).
    Arrival,
    /// An alert (avvikelse att utreda).
    Alert,
    /// A municipality: its functions, vendors, drills (kommun).
    Municipality,
    /// An event of the population register (folkbokföringshändelse).
    RegisterEvent,
}

impl SubjectKind {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::System,
        Self::Relocation,
        Self::Arrival,
        Self::Alert,
        Self::Municipality,
        Self::RegisterEvent,
    ];

    /// The collection in resource names.
    pub fn collection(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Relocation => "relocations",
            Self::Arrival => "arrivals",
            Self::Alert => "alerts",
            Self::Municipality => "municipalities",
            Self::RegisterEvent => "registerEvents",
        }
    }
}

/// What an entry is about. Shown as a resource name, for example `relocations/0199…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its id; time-ordered, opaque.
    pub id: Uuid,
}

impl Subject {
    /// The system itself.
    pub const SYSTEM: Self = Self {
        kind: SubjectKind::System,
        id: Uuid::nil(),
    };

    /// A relocation.
    pub fn relocation(id: Uuid) -> Self {
        Self {
            kind: SubjectKind::Relocation,
            id,
        }
    }

    /// An arrival.
    pub fn arrival(id: Uuid) -> Self {
        Self {
            kind: SubjectKind::Arrival,
            id,
        }
    }

    /// An alert.
    pub fn alert(id: Uuid) -> Self {
        Self {
            kind: SubjectKind::Alert,
            id,
        }
    }

    /// A municipality. Its id is its code.
    pub fn municipality(code: MunicipalityCode) -> Self {
        Self {
            kind: SubjectKind::Municipality,
            id: Uuid::from_u64_pair(0, u64::from(code.number())),
        }
    }

    /// The municipality that a subject of that kind is.
    pub fn municipality_code(self) -> Option<MunicipalityCode> {
        let (high, low) = self.id.as_u64_pair();
        let number = u16::try_from(low).ok().filter(|_number| high == 0)?;
        MunicipalityCode::from_number(number).filter(|_code| self.kind == SubjectKind::Municipality)
    }

    /// An event of the population register.
    pub fn register_event(id: Uuid) -> Self {
        Self {
            kind: SubjectKind::RegisterEvent,
            id,
        }
    }

    /// Reads a resource name of whichever kind.
    pub fn read(name: &str) -> Option<Self> {
        let mut kinds = SubjectKind::ALL.into_iter();
        kinds.find_map(|kind| Self::parse(kind, name))
    }

    /// Reads a resource name of the expected kind.
    pub fn parse(kind: SubjectKind, name: &str) -> Option<Self> {
        if kind == SubjectKind::Municipality {
            return MunicipalityCode::parse_name(name).map(Self::municipality);
        }
        let id = name.strip_prefix(kind.collection())?.strip_prefix('/')?;
        // one spelling only: lowercase, hyphenated
        let parsed = Uuid::try_parse(id).ok()?;
        (parsed.to_string() == id).then_some(Self { kind, id: parsed })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.municipality_code() {
            Some(code) => f.write_str(&code.resource_name()),
            None => write!(f, "{}/{}", self.kind.collection(), self.id),
        }
    }
}

/// A person within one municipality and one yearly epoch: a keyed hash, useless without the key.
/// Its Debug shows nothing, since even a pseudonym tells two entries apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym {
    /// The year of the key.
    pub epoch: i16,
    /// The keyed hash, cut to 16 bytes.
    pub value: [u8; 16],
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_written() {
        let subject = Subject::relocation(Uuid::from_u128(7));
        assert_eq!(
            Subject::parse(SubjectKind::Relocation, &subject.to_string()),
            Some(subject)
        );
        assert_eq!(
            Subject::parse(SubjectKind::Alert, &subject.to_string()),
            None
        );
        for wrong in [
            "",
            "relocations/",
            "relocations/x",
            "relocations/00000000000000000000000000000007",
        ] {
            assert_eq!(
                Subject::parse(SubjectKind::Relocation, wrong),
                None,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_name_of_every_kind_is_read_back_as_written() {
        let code = MunicipalityCode::parse("2283").expect("a code");
        for subject in SubjectKind::ALL.map(|kind| Subject {
            kind,
            ..Subject::municipality(code)
        }) {
            let name = subject.to_string();
            assert_eq!(Subject::read(&name), Some(subject), "{name}");
        }
        assert_eq!(
            Subject::municipality(code).to_string(),
            "municipalities/2283"
        );
        let spelt = format!("municipalities/{}", Uuid::from_u64_pair(0, 2283));
        for wrong in ["", "2283", "municipalities/", "persons/2283", &spelt] {
            assert_eq!(Subject::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_of_a_pseudonym_shows_nothing() {
        let pseudonym = Pseudonym {
            epoch: 2026,
            value: [7; 16],
        };
        assert_eq!(format!("{pseudonym:?}"), "Pseudonym(..)");
    }
}
