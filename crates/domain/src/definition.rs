//! What counts as unannounced: versioned data in the journal, never constants in the rules.

/// A definition. Version 1 is written when a journal begins; administrators set later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// From 1, without gaps.
    pub version: u32,
    /// Days the previous municipality has to announce after an arrival was reported; 0 to 365.
    pub grace_days: u32,
    /// An arrival so many months before the planned one still matches; 0 to 24.
    pub early_months: u32,
    /// An arrival so many months after the planned one still matches; 0 to 24.
    pub late_months: u32,
    /// Months after the planned one when a relocation counts as not arrived; 1 to 24.
    pub not_arrived_months: u32,
    /// Days an asked municipality has to answer; 1 to 365.
    pub answer_days: u32,
    /// Days after which a question expires, from `answer_days` to 730; 0: never.
    pub expiry_days: u32,
    /// Whether each connected municipality gets a drill with each month.
    pub drills: bool,
}

impl Definition {
    /// What a new journal begins with.
    pub const FIRST: Self = Self {
        version: 1,
        grace_days: 14,
        early_months: 3,
        late_months: 6,
        not_arrived_months: 6,
        answer_days: 30,
        expiry_days: 180,
        drills: false,
    };

    /// Whether every number is in its range.
    pub fn is_sound(&self) -> bool {
        self.grace_days <= 365
            && self.early_months <= 24
            && self.late_months <= 24
            && (1..=24).contains(&self.not_arrived_months)
            && (1..=365).contains(&self.answer_days)
            && (self.expiry_days == 0 || (self.answer_days..=730).contains(&self.expiry_days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_each_bound() {
        assert!(Definition::FIRST.is_sound());
        assert!(
            Definition {
                grace_days: 365,
                ..Definition::FIRST
            }
            .is_sound()
        );
        assert!(
            !Definition {
                grace_days: 366,
                ..Definition::FIRST
            }
            .is_sound()
        );
        assert!(
            !Definition {
                not_arrived_months: 0,
                ..Definition::FIRST
            }
            .is_sound()
        );
        assert!(
            !Definition {
                answer_days: 0,
                ..Definition::FIRST
            }
            .is_sound()
        );
    }
}
