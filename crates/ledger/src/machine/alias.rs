//! Which pseudonyms stand for one person: those of a number that was replaced, and those of the number that replaced it.
//! It follows from the references in the journal; whoever looks for a person looks for all of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::municipality::MunicipalityCode;
use domain::subject::Pseudonym;

/// In each scope, each pseudonym with all others of the same person. One that was never replaced stands for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aliases(BTreeMap<(MunicipalityCode, Pseudonym), BTreeSet<Pseudonym>>);

impl Aliases {
    /// All of these are one person, and so is whoever any of them was. Returns all pseudonyms of that person.
    pub(super) fn join(
        &mut self,
        scope: MunicipalityCode,
        persons: impl IntoIterator<Item = Pseudonym>,
    ) -> Vec<Pseudonym> {
        let given: Vec<Pseudonym> = persons.into_iter().collect();
        let all = self.all_of(scope, &given);
        for person in &all {
            let others = all.iter().copied().collect();
            self.0.insert((scope, *person), others);
        }
        all
    }

    /// All pseudonyms of whoever these are.
    pub(super) fn all_of(&self, scope: MunicipalityCode, persons: &[Pseudonym]) -> Vec<Pseudonym> {
        let known = persons
            .iter()
            .filter_map(|person| self.0.get(&(scope, *person)));
        let all: BTreeSet<Pseudonym> = known.flatten().chain(persons).copied().collect();
        all.into_iter().collect()
    }
}
