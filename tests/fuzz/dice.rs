//! Chance that can be repeated, and what it does to good inputs.

/// A sequence that its seed decides (splitmix64).
pub(crate) struct Dice(u64);

/// Mistakes at most in one input.
const MISTAKES_MAX: u64 = 6;
/// Bytes of an input at most.
const BYTES_MAX: usize = 4096;
/// Signs that the readers care about.
const SIGNS: &[&str] = &[
    "-", "+", "T", "TF", "T1", " ", "\u{a0}", "\u{2013}", "\u{2212}", "0", "00", "60", "61", "91",
    "9", "2385", "å", "\u{30a}", "٣", ".", "\n", "gatan", "\u{0}",
];

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a bound, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.roll() % bound).unwrap_or_default()
    }

    /// A good input with some mistakes.
    pub(crate) fn spoil(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let place = self.below(corpus.len());
        let mut input = corpus.get(place).cloned().unwrap_or_default();
        for _ in 0..self.roll() % MISTAKES_MAX {
            self.mistake(&mut input, corpus);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn mistake(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(7) {
            // another digit is what nearly right numbers differ in
            0 | 1 => {
                let digit = b'0' + u8::try_from(self.below(10)).unwrap_or_default();
                if let Some(byte) = input.get_mut(at) {
                    *byte = digit;
                }
            }
            2 => {
                let sign = self.below(SIGNS.len());
                let sign = SIGNS.get(sign).copied().unwrap_or_default();
                input.splice(at..at, sign.bytes());
            }
            3 if at < input.len() => {
                input.remove(at);
            }
            4 => {
                let (one, other) = (at, self.below(input.len() + 1));
                if one < input.len() && other < input.len() {
                    input.swap(one, other);
                }
            }
            5 => {
                let other = self.below(corpus.len());
                let other = corpus.get(other).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend(other.into_iter().skip(from));
            }
            _ => {
                let byte = u8::try_from(self.below(256)).unwrap_or_default();
                input.insert(at, byte);
            }
        }
    }
}
