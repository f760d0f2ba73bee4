//! The word of a drill (övningsord): what is sealed for a municipality each month, and what a person there says to show
//! that it was opened. It is about nobody, and still shown by nothing but a deliberate call.

use std::fmt;

/// What words are written with: sixteen signs, four bits each. No vowel, so that no word of any language comes out of it; no
/// sign that looks like another (0 and o, 1 and i, 5 and s, 8 and b), and few whose Swedish names rhyme.
const SIGNS: &[u8; 16] = b"234679fhjklmrtvx";
/// Bytes that a word is made of: 48 bits, which nobody guesses at the pace of calls that a caller has.
pub const WORD_BYTES: usize = 6;
/// Signs of a word, and how many stand together when it is shown.
const WORD_SIGNS: usize = WORD_BYTES * 2;
const GROUP_SIGNS: usize = 4;

/// A drill's word.
#[derive(Clone, PartialEq, Eq)]
pub struct Word([u8; WORD_SIGNS]);

impl Word {
    /// The word that random bytes make.
    pub fn of(bytes: [u8; WORD_BYTES]) -> Self {
        let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut word = [b'2'; WORD_SIGNS];
        for (place, half) in word.iter_mut().zip(halves) {
            *place = SIGNS.get(usize::from(half)).copied().unwrap_or(*place);
        }
        Self(word)
    }

    /// Reads a word as a person writes it: in capitals or not, with blanks and dashes wherever. None when it is no word.
    pub fn parse(text: &str) -> Option<Self> {
        let signs = text.chars().filter(|sign| !is_between(*sign));
        let mut word = [0; WORD_SIGNS];
        let mut places = word.iter_mut();
        for sign in signs {
            let sign = u8::try_from(sign).ok()?.to_ascii_lowercase();
            *places.next().filter(|_place| SIGNS.contains(&sign))? = sign;
        }
        places.next().is_none().then_some(Self(word))
    }

    /// The word to be read, in groups of four.
    pub fn to_text(&self) -> String {
        let groups = self.0.chunks(GROUP_SIGNS);
        let groups: Vec<String> = groups
            .map(|group| group.iter().copied().map(char::from).collect())
            .collect();
        groups.join("-")
    }
}

/// Whether a sign stands between others and says nothing: blanks and every dash there is on a keyboard or in a mail.
fn is_between(sign: char) -> bool {
    sign.is_whitespace() || matches!(sign, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}')
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word() -> Word {
        Word::of([0x01, 0x23, 0x45, 0x67, 0x89, 0xef])
    }

    #[test]
    fn a_word_is_shown_in_groups_and_read_however_a_person_writes_it() {
        assert_eq!(word().to_text(), "2346-79fh-jkvx");
        for (text, is_it) in [
            ("2346-79fh-jkvx", true),
            ("234679FHJKVX", true),
            ("  2346 79fh\u{a0}jkvx\n", true),
            ("2346\u{2011}79Fh\u{2013}jkvx", true),
            ("2346-79fh-jkv", false),
            ("2346-79fh-jkvx2", false),
            ("2346-79fh-jkvv", false),
            ("2346-79fh-jkva", false),
            ("2346-79fh-jkvå", false),
            ("2346_79fh_jkvx", false),
            ("", false),
        ] {
            assert_eq!(Word::parse(text) == Some(word()), is_it, "{text}");
        }
    }

    #[test]
    fn no_word_has_a_vowel_or_a_sign_that_looks_like_another() {
        let mut signs = SIGNS.to_vec();
        signs.dedup();
        assert_eq!(signs.len(), 16, "each half byte has a sign of its own");
        for sign in "aeiouy01580sbz".bytes() {
            assert!(!SIGNS.contains(&sign), "{}", char::from(sign));
        }
    }

    #[test]
    fn debug_of_a_word_shows_nothing() {
        assert_eq!(format!("{:?}", word()), "Word(..)");
    }

    proptest! {
        #[test]
        fn invariant_words_of_other_bytes_are_other_words_and_each_is_read_back(
            one: [u8; WORD_BYTES],
            other: [u8; WORD_BYTES],
        ) {
            let (word, another) = (Word::of(one), Word::of(other));
            prop_assert_eq!(Word::parse(&word.to_text()), Some(word.clone()));
            prop_assert_eq!(word == another, one == other);
        }
    }
}
