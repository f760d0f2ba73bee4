//! A random sample that anybody can draw again: the same population, size and seed give the same sample.

use std::collections::{BTreeMap, BTreeSet};

/// Draws `size` of a population in strata, all of it when it is smaller. Each stratum has one at least as far as the
/// size reaches, and then its share (Sainte-Laguë); within a stratum every member is as likely as any other.
pub fn stratified<S: Ord>(
    strata: &BTreeMap<S, Vec<u128>>,
    size: usize,
    seed: u64,
) -> BTreeSet<u128> {
    let mut rows: Vec<Stratum> = strata
        .values()
        .filter(|members| !members.is_empty())
        .map(|members| Stratum::drawn(members, seed))
        .collect();
    // when there are more strata than places, chance decides among them too
    rows.sort_by_key(|row| row.members.first().copied());
    let mut sample = BTreeSet::new();
    for row in rows.iter_mut().take(size) {
        sample.extend(row.next());
    }
    while sample.len() < size {
        let neediest = rows
            .iter_mut()
            .filter(|row| row.taken < row.members.len())
            .reduce(|one, other| {
                if other.needs_more_than(one) {
                    other
                } else {
                    one
                }
            });
        match neediest {
            Some(row) => sample.extend(row.next()),
            None => break,
        }
    }
    sample
}

/// A stratum in the order in which it is drawn.
struct Stratum {
    members: Vec<(u64, u128)>,
    taken: usize,
}

impl Stratum {
    fn drawn(members: &[u128], seed: u64) -> Self {
        let mut members: Vec<_> = members.iter().map(|id| (lot(seed, *id), *id)).collect();
        members.sort_unstable();
        members.dedup();
        Self { members, taken: 0 }
    }

    fn next(&mut self) -> Option<u128> {
        let (_lot, id) = self.members.get(self.taken)?;
        self.taken += 1;
        Some(*id)
    }

    /// Whether its share is less fulfilled than another's.
    fn needs_more_than(&self, other: &Self) -> bool {
        let quotient = |row: &Self, divisor: &Self| row.members.len() * (2 * divisor.taken + 1);
        quotient(self, other) > quotient(other, self)
    }
}

/// What a member draws under a seed.
fn lot(seed: u64, id: u128) -> u64 {
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
    mixed(mixed(mixed(seed) ^ half(id >> 64)) ^ half(id))
}

/// SplitMix64 (Steele, Lea, Flood 2014): each bit of the input changes about half of the output's.
fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn population(sizes: &[usize]) -> BTreeMap<usize, Vec<u128>> {
        let mut ids = 1..;
        let strata = sizes.iter().enumerate();
        strata
            .map(|(row, size)| (row, ids.by_ref().take(*size).collect()))
            .collect()
    }

    proptest! {
        #[test]
        fn invariant_a_sample_is_of_the_population_as_large_as_asked_and_of_each_stratum(
            sizes in proptest::collection::vec(0usize..40, 0..12),
            size in 0usize..60,
            seed in any::<u64>(),
        ) {
            let strata = population(&sizes);
            let sample = stratified(&strata, size, seed);
            let total: usize = sizes.iter().sum();
            prop_assert_eq!(sample.len(), size.min(total));
            prop_assert_eq!(&sample, &stratified(&strata, size, seed));
            let all: BTreeSet<u128> = strata.values().flatten().copied().collect();
            prop_assert!(sample.is_subset(&all));
            let there = strata.values().filter(|members| !members.is_empty());
            let met = there.clone().filter(|members| members.iter().any(|id| sample.contains(id)));
            prop_assert_eq!(met.count(), size.min(there.count()));
        }
    }

    #[test]
    fn a_stratum_has_its_share() {
        let strata = population(&[60, 30, 10]);
        for seed in 0..50 {
            let sample = stratified(&strata, 20, seed);
            let of = |row: usize| {
                let members = strata.get(&row).expect("a stratum");
                members.iter().filter(|id| sample.contains(id)).count()
            };
            assert_eq!([of(0), of(1), of(2)], [12, 6, 2], "seed {seed}");
        }
    }

    #[test]
    fn every_member_is_drawn_as_often_as_any_other() {
        let strata = population(&[20]);
        let mut drawn = BTreeMap::new();
        for seed in 0..20_000 {
            for id in stratified(&strata, 5, seed) {
                *drawn.entry(id).or_insert(0_u32) += 1;
            }
        }
        // 5000 each are expected, with a deviation of 61; five of them are met once in two million
        assert_eq!(drawn.len(), 20);
        for (id, count) in drawn {
            assert!((4695..=5305).contains(&count), "{id}: {count}");
        }
    }

    #[test]
    fn when_there_are_more_strata_than_places_chance_decides_which_are_met() {
        let strata = population(&[1; 30]);
        let met: BTreeSet<u128> = (0..200)
            .flat_map(|seed| stratified(&strata, 3, seed))
            .collect();
        assert_eq!(met.len(), 30);
    }
}
