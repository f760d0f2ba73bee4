//! Figures by name: percentiles of a run, medians over rounds. Nothing is measured here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::load::Run;

/// Figures of one round, or medians of several. Names end in their unit; ratios have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Notes a figure.
    pub(crate) fn put(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// A figure; not a number when it was not measured.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(f64::NAN)
    }

    /// Takes all of others.
    pub(crate) fn extend(&mut self, others: &Self) {
        let others = others.0.iter().map(|(name, value)| (name.clone(), *value));
        self.0.extend(others);
    }

    /// All, by name.
    pub(crate) fn all(&self) -> &BTreeMap<String, f64> {
        &self.0
    }

    /// Notes rate and percentiles of a run.
    pub(crate) fn put_run<T>(&mut self, name: &str, run: &Run<T>) {
        let rate = count(run.answers.len()) / run.took.as_secs_f64();
        self.put(format!("{name}_per_second"), rate);
        self.put_spans(name, run.spans());
    }

    /// Notes percentiles.
    pub(crate) fn put_spans(&mut self, name: &str, mut spans: Vec<Duration>) {
        spans.sort_unstable();
        for (percent, suffix) in [(50, "p50_us"), (99, "p99_us")] {
            self.put(format!("{name}_{suffix}"), percentile(&spans, percent));
        }
    }

    /// The median of each figure over rounds.
    pub(crate) fn medians(rounds: &[Self]) -> Self {
        let names: BTreeSet<&String> = rounds.iter().flat_map(|round| round.0.keys()).collect();
        let mut medians = Self::default();
        for name in names {
            let seen = rounds.iter().map(|round| round.get(name)).collect();
            medians.put(name.clone(), median(seen));
        }
        medians
    }
}

/// A count as a figure.
pub(crate) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// A round number as it is said: `10k`, `1m`; another one in digits.
pub(crate) fn label(number: u32) -> String {
    if number >= 1_000_000 && number.is_multiple_of(1_000_000) {
        format!("{}m", number / 1_000_000)
    } else if number >= 1_000 && number.is_multiple_of(1_000) {
        format!("{}k", number / 1_000)
    } else {
        number.to_string()
    }
}

/// Microseconds.
pub(crate) fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(f64::NAN, |span| micros(*span))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    } else {
        at(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_the_middle_of_any_order() {
        for (values, expected) in [
            (vec![3.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 3.0], 2.5),
            (vec![7.0], 7.0),
        ] {
            assert!(
                (median(values.clone()) - expected).abs() < 1e-9,
                "{values:?}"
            );
        }
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn round_numbers_are_said_short() {
        for (number, expected) in [
            (0, "0"),
            (300, "300"),
            (1_000, "1k"),
            (1_500, "1500"),
            (100_000, "100k"),
            (1_000_000, "1m"),
        ] {
            assert_eq!(label(number), expected);
        }
    }

    #[test]
    fn percentiles_stay_inside_what_was_seen() {
        let spans: Vec<Duration> = (1..=100).map(Duration::from_micros).collect();
        for (spans, percent, expected) in [
            (&spans[..], 50, 51.0),
            (&spans[..], 99, 100.0),
            (&spans[..1], 99, 1.0),
        ] {
            assert!((percentile(spans, percent) - expected).abs() < 1e-6);
        }
        assert!(percentile(&[], 50).is_nan());
    }
}
