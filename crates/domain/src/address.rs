//! Addresses that must not be told: whether a text holds one, however it is written there. The address of a protected
//! home is secret (OSL 26:14 c). Nothing here keeps or shows what was found.

/// Letters and digits that an address has at least: fewer would be found in every text.
const SIGNS_MIN: usize = 4;

/// Whether an address has enough in it to be looked for.
pub fn is_address(text: &str) -> bool {
    Plain::of(text).signs.len() >= SIGNS_MIN
}

/// Whether a text holds an address. Blanks, capitals, accents and signs count for nothing, "gatan" and "vägen" may be
/// abbreviated: "Storgatan 3 B" is "STORG. 3B" and "stor-gatan 3b", and neither "Storgatan 31 B" nor "Lillstorgatan 3 B".
pub fn contains_address(text: &str, address: &str) -> bool {
    let (text, address) = (Plain::of(text), Plain::of(address));
    let length = address.signs.len();
    let places = text.signs.windows(length.max(1)).zip(0..);
    let found = places.filter(|(window, _)| *window == address.signs);
    length >= SIGNS_MIN
        && found
            .map(|(_, from)| from)
            .any(|from: usize| text.is_edge(from) && text.is_edge(from.saturating_add(length)))
}

/// A text as addresses are compared: its letters and digits alone.
struct Plain {
    signs: Vec<char>,
    /// Before which signs, and after the last one, a word or a figure begins or ends.
    edges: Vec<bool>,
}

impl Plain {
    fn of(text: &str) -> Self {
        let mut plain = Self {
            signs: Vec::new(),
            edges: vec![true],
        };
        let mut word = String::new();
        let signs = text.chars().flat_map(char::to_lowercase);
        for sign in signs.filter(|sign| !is_accent(*sign)).map(without_accent) {
            let follows = word.chars().last().is_some_and(|last| {
                sign.is_alphanumeric() && last.is_numeric() == sign.is_numeric()
            });
            if !follows {
                plain.take(&word);
                word.clear();
            }
            word.extend(sign.is_alphanumeric().then_some(sign));
        }
        plain.take(&word);
        plain
    }

    /// Takes in a word or a figure.
    fn take(&mut self, word: &str) {
        let shortened = [("gatan", "g"), ("gata", "g"), ("vagen", "v"), ("vag", "v")]
            .into_iter()
            .find_map(|(long, short)| Some([word.strip_suffix(long)?, short].concat()));
        for sign in shortened.as_deref().unwrap_or(word).chars() {
            self.signs.push(sign);
            self.edges.push(false);
        }
        if let Some(last) = self.edges.last_mut() {
            *last = true;
        }
    }

    fn is_edge(&self, place: usize) -> bool {
        self.edges.get(place).copied().unwrap_or_default()
    }
}

/// An accent or a ring that stands by itself, behind its letter.
fn is_accent(sign: char) -> bool {
    matches!(sign, '\u{300}'..='\u{36f}')
}

/// A letter of Swedish addresses without what is above it.
fn without_accent(sign: char) -> char {
    match sign {
        'å' | 'ä' | 'à' | 'á' | 'â' | 'æ' => 'a',
        'ö' | 'ø' | 'ó' | 'ô' => 'o',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'ü' | 'ú' => 'u',
        _ => sign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        for text in [
            "Storgatan 3 B",
            "Hon bor på storgatan 3B, port 2.",
            "STORGATAN 3B",
            "Storg. 3 b",
            "stor-gatan\u{a0}3\nB",
            "Stor gata 3 B",
            "S t o r g a t a n",
            "c/o Test, Storgatan 3 B, 169 01 Solna",
        ] {
            let expected = text != "S t o r g a t a n";
            assert_eq!(contains_address(text, "Storgatan 3 B"), expected, "{text}");
        }
        for (text, address) in [
            ("Råsundavägen 12", "råsundav 12"),
            ("Ra\u{30a}sundava\u{308}gen 12", "RÅSUNDAVÄGEN 12"),
            ("Rasundavagen 12", "Råsundavägen 12"),
            ("Allén 4", "Allen 4"),
            // another door of the same house
            ("Storgatan 3 B", "Storgatan 3"),
            ("Storgatan 3 A-C", "storgatan 3a"),
        ] {
            assert!(contains_address(text, address), "{text} {address}");
        }
    }

    #[test]
    fn another_address_is_let_through() {
        for text in [
            "",
            "Storgatan",
            "Storgatan 31 B",
            "Storgatan 13 B",
            "Lillstorgatan 3 B",
            "Storgatan 3",
            "Storgatan 3 C",
            "Nygatan 3 B",
            "Gatan är stor, 3 barn",
        ] {
            assert!(!contains_address(text, "Storgatan 3 B"), "{text}");
        }
    }

    #[test]
    fn what_would_be_found_in_every_text_is_no_address() {
        for (text, is) in [
            ("", false),
            (" . ", false),
            ("3 B", false),
            ("gatan", false),
            ("Vik 1", true),
            ("Vik", false),
        ] {
            assert_eq!(is_address(text), is, "{text}");
            assert!(is || !contains_address("3 B gatan Vik", text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn invariant_no_text_panics(text in any::<String>(), address in any::<String>()) {
            contains_address(&text, &address);
        }

        #[test]
        fn invariant_an_address_is_found_in_capitals_between_any_words(
            before in "[a-zåäö .,]{0,20}",
            after in "[a-zåäö .,]{0,20}",
            address in "[A-ZÅÄÖ][a-zåäö]{3,9} [1-9][0-9]?",
        ) {
            let text = format!("{before} {} {after}", address.to_uppercase());
            prop_assert!(contains_address(&text, &address));
        }
    }
}
