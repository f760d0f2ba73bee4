//! Addresses that must not be told: whether a text holds one, however it is written there. The address of a protected
//! home is secret (OSL 26:14 c). Nothing here keeps or shows what was found.

/// Letters and digits that an address has at least: fewer would be found in every text.
const SIGNS_MIN: usize = 4;
/// What a number of a place within a house begins with: it names no house.
const WITHIN_A_HOUSE: [&str; 8] = [
    "lgh",
    "lägenhet",
    "port",
    "uppg",
    "uppgång",
    "trappa",
    "vån",
    "våning",
];

/// What says behind a number that it is that of a floor.
const STAIRS: &str = "tr";
/// What a part begins with that says in whose care somebody lives.
const IN_CARE_OF: [&str; 2] = ["c/o", "co"];

/// Whether an address has enough in it to be looked for.
pub fn is_address(text: &str) -> bool {
    Plain::of(text).signs.len() >= SIGNS_MIN
}

/// Whether a text holds an address. Blanks, capitals, accents and signs count for nothing, "gatan" and "vägen" may be
/// abbreviated: "Storgatan 3 B" is "STORG. 3B" and "stor-gatan 3b", and neither "Storgatan 31 B" nor "Lillstorgatan 3 B".
/// The whole of it is looked for, and each street in it: "c/o Ek, Storgatan 3 B, 169 01 Solna" is found in a text that
/// has "Storgatan 3 B" alone.
pub fn contains_address(text: &str, address: &str) -> bool {
    let text = Plain::of(text);
    let streets = address.split([',', ';', '\n', '\r']).flat_map(streets);
    let mut sought = std::iter::once(address.to_owned()).chain(streets);
    sought.any(|address| text.contains(&Plain::of(&address)))
}

/// What a part of a postal address may be when it names a street and a number: without a postcode and a town behind it,
/// without a flat or a floor in the house, and, where it says in whose care, from each word on. Neither who lives there,
/// nor a floor or a flat of a house that it does not name.
fn streets(part: &str) -> Vec<String> {
    let words: Vec<&str> = part.split_whitespace().collect();
    let digits = |word: &str| {
        let is_number = word.chars().all(|sign| sign.is_ascii_digit());
        is_number.then_some(word.len())
    };
    let is_postcode = |from: usize| {
        let mut next = words.iter().skip(from);
        let first = next.next().map(|word| word.trim_start_matches("SE-"));
        let first = first.and_then(digits);
        first == Some(5) || first == Some(3) && next.next().copied().and_then(digits) == Some(2)
    };
    let is_numbered = |word: &str| word.contains(char::is_numeric);
    let Some(number) = words.iter().position(|word| is_numbered(word)) else {
        return Vec::new();
    };
    let is_within = |from: usize| match words.get(from..) {
        // "lgh 1203" and "2 tr"
        Some([word, ..]) if WITHIN_A_HOUSE.contains(&bare(word).as_str()) => true,
        Some([floor, stairs, ..]) => is_numbered(floor) && bare(stairs) == STAIRS,
        Some(_) | None => false,
    };
    let end = (number + 1..words.len()).find(|from| is_postcode(*from) || is_within(*from));
    let end = end.unwrap_or(words.len());
    let is_in_care = words
        .first()
        .is_some_and(|word| IN_CARE_OF.contains(&bare(word).as_str()));
    let begins = if is_in_care { 1..number } else { 0..1 };
    let is_name = |from: &usize| {
        let first = words.get(*from).map(|word| bare(word)).unwrap_or_default();
        first.starts_with(char::is_alphabetic) && !WITHIN_A_HOUSE.contains(&first.as_str())
    };
    let street = |from: usize| words.get(from..end).map(|street| street.join(" "));
    begins.filter(is_name).filter_map(street).collect()
}

/// A word in small letters, without signs around it.
fn bare(word: &str) -> String {
    let bare = word.trim_matches(|sign: char| !sign.is_alphanumeric());
    bare.to_lowercase()
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

    /// Whether another one stands in it as whole words and figures.
    fn contains(&self, sought: &Self) -> bool {
        let length = sought.signs.len();
        let places = self.signs.windows(length.max(1)).zip(0..);
        let mut found = places.filter(|(window, _)| *window == sought.signs);
        length >= SIGNS_MIN
            && found.any(|(_, from): (_, usize)| {
                self.is_edge(from) && self.is_edge(from.saturating_add(length))
            })
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
            // in postal form, of which a text has the street alone
            ("Hon bor på Storgatan 3 B", "Storgatan 3 B, 169 01 Solna"),
            (
                "Hon bor på Storgatan 3 B",
                "c/o Ek, Storgatan 3 B\n16901 Solna",
            ),
            ("storg. 3b, port 2", "Lena Ek; Storgatan 3 B 169 01 Solna"),
            ("Storgatan 3 B", "Storgatan 3 B SE-169 01 Solna"),
            (
                "Ek, Storgatan 3 B, lgh 1101",
                "Storgatan 3 B, lgh 1203, 169 01 Solna",
            ),
            ("Box 1234", "Box 1234, 169 01 Solna"),
            // with a flat, a floor or whoever it is in care of in one line with it
            ("på Storgatan 3 B", "Storgatan 3 B lgh 1203, 169 01 Solna"),
            ("på Storgatan 3 B", "Storgatan 3 B 2 tr 169 01 Solna"),
            (
                "på Stora Nygatan 3",
                "c/o Lena Ek Stora Nygatan 3 vån. 2, Solna",
            ),
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
    fn what_is_no_street_in_a_postal_address_is_let_through() {
        for text in [
            "169 01 Solna",
            "Solna",
            "c/o Ek",
            "Lena Ek",
            "lgh 1203",
            "port 22",
            "3 tr 1203",
            "2 tr",
            "Lena Ek Nygatan",
            "Storgatan 3 C, 169 01 Solna",
        ] {
            let address = "c/o Lena Ek, Storgatan 3 B, port 22, 3 tr 1203, lgh 1203, 169 01 Solna";
            assert!(!contains_address(text, address), "{text}");
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
            // "Gata 1" is too short to be looked for
            prop_assume!(is_address(&address));
            let text = format!("{before} {} {after}", address.to_uppercase());
            prop_assert!(contains_address(&text, &address));
        }
    }
}
