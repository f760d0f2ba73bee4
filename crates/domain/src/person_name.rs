//! Names of people, made comparable: what two officers write differently is the same name here. Nothing here keeps one.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

/// Words of given names that count: more than anybody is registered with in practice.
pub const GIVEN_WORDS_MAX: usize = 6;
/// Words of a family name that count: double names with a particle each.
pub const FAMILY_WORDS_MAX: usize = 4;

/// A word of somebody's given names and one of the family name, in the order of signs: so it does not matter which field
/// an officer wrote which name into.
pub type Pair = (String, String);

/// Each word of the given names with each word of the family name. A name with one of them alone is paired with itself.
pub fn pairs(given: &str, family: &str) -> BTreeSet<Pair> {
    let given = words(given, GIVEN_WORDS_MAX);
    let family = words(family, FAMILY_WORDS_MAX);
    if given.is_empty() || family.is_empty() {
        let alone = given.into_iter().chain(family);
        return alone.map(|word| (word.clone(), word)).collect();
    }
    let pair = |one: &String, other: &String| {
        let (first, second) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        (first.clone(), second.clone())
    };
    given
        .iter()
        .flat_map(|one| family.iter().map(move |other| pair(one, other)))
        .collect()
}

/// The first words of a name: compatible forms composed (NFKC), capitals and small letters alike, apostrophes and soft
/// hyphens left out.
/// Blanks, hyphens, commas and full stops part words. No letter becomes another: å, ä, ö, é stay what they are.
fn words(name: &str, words_max: usize) -> Vec<String> {
    // before they are composed: some would become a blank and an accent
    let composed: String = name
        .chars()
        .filter(|sign| !is_apostrophe(*sign))
        .nfkc()
        .collect();
    // capitals first: what has one form in capitals has one here, as ß and ss have
    let folded = composed.to_uppercase().to_lowercase();
    let folded: String = folded.nfkc().collect();
    folded
        .split(parts_words)
        .filter(|word| !word.is_empty())
        .take(words_max)
        .map(str::to_owned)
        .collect()
}

fn is_apostrophe(sign: char) -> bool {
    matches!(
        sign,
        '\'' | '`' | '´' | '\u{ad}' | '\u{2b9}' | '\u{2bc}' | '\u{2018}' | '\u{2019}'
    )
}

fn parts_words(sign: char) -> bool {
    sign.is_whitespace()
        || matches!(
            sign,
            '-' | ',' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a search by one name finds somebody of another.
    fn finds(searched: (&str, &str), registered: (&str, &str)) -> bool {
        let wanted = pairs(searched.0, searched.1);
        !wanted.is_empty() && wanted.is_subset(&pairs(registered.0, registered.1))
    }

    #[test]
    fn what_is_one_name_to_people_is_one_name() {
        for (searched, registered) in [
            (("Anna", "Svensson"), ("Anna", "Svensson")),
            (("ANNA", "svensson"), ("Anna", "Svensson")),
            (("  Anna ", "Svensson\u{a0}"), ("Anna", "Svensson")),
            // one of several given names, in any order
            (("Maria", "Svensson"), ("Anna Maria", "Svensson")),
            (("Maria Anna", "Svensson"), ("Anna Maria", "Svensson")),
            // fields the other way round
            (("Svensson", "Anna"), ("Anna", "Svensson")),
            // hyphens, and half of a double name
            (("Anna-Maria", "Svensson"), ("Anna Maria", "Svensson")),
            (("Anna", "Berg Svensson"), ("Anna", "Svensson-Berg")),
            (("Anna", "Berg"), ("Anna", "Svensson\u{2013}Berg")),
            // composed or not, and ligatures
            (("A\u{30a}sa", "O\u{308}berg"), ("Åsa", "Öberg")),
            (("ﬁa", "Öberg"), ("Fia", "Öberg")),
            (("Zoe", "Groß"), ("Zoe", "GROSS")),
            // apostrophes of all kinds, and none
            (("Sean", "O\u{2019}Brien"), ("Sean", "O'Brien")),
            (("Sean", "OBrien"), ("Sean", "O'Brien")),
            (("Muhammad", "al-Rashid"), ("Muhammad", "Al Rashid")),
            (("محمد", "علي"), ("محمد", "علي")),
            // somebody with one name
            (("Madonna", "-"), ("-", "Madonna")),
        ] {
            assert!(finds(searched, registered), "{searched:?} {registered:?}");
        }
    }

    #[test]
    fn what_is_another_name_is_another() {
        for (searched, registered) in [
            (("Åsa", "Öberg"), ("Asa", "Oberg")),
            (("Asa", "Oberg"), ("Åsa", "Öberg")),
            (("Ann", "Svensson"), ("Anna", "Svensson")),
            (("Anna", "Svenson"), ("Anna", "Svensson")),
            (("Anna Karin", "Svensson"), ("Anna Maria", "Svensson")),
            (("Anna", "Maria"), ("Anna Maria", "Svensson")),
            (("Svensson", "Svensson"), ("Anna", "Svensson")),
            (("Anna", ""), ("Anna", "Svensson")),
            (("", ""), ("Anna", "Svensson")),
        ] {
            assert!(!finds(searched, registered), "{searched:?} {registered:?}");
        }
    }

    #[test]
    fn as_many_words_count_as_the_bounds_say() {
        let long = "a b c d e f g";
        assert_eq!(
            pairs(long, long).len(),
            18,
            "24 but for those that stand twice"
        );
        assert!(finds(("f", "d"), (long, "d")));
        assert!(!finds(("g", "d"), (long, "d")));
    }

    proptest! {
        #[test]
        fn invariant_a_name_finds_itself_however_it_is_written(
            given in "[A-Za-zÅÄÖåäöéüß]{1,12}",
            second in "[A-Za-zÅÄÖåäöéüß]{1,12}",
            family in "[A-Za-zÅÄÖåäöéüß]{1,12}",
        ) {
            let registered = (format!("{given} {second}"), family.clone());
            let registered = (registered.0.as_str(), registered.1.as_str());
            let decomposed: String = family.nfd().collect();
            prop_assert!(finds((&given.to_uppercase(), &family), registered));
            prop_assert!(finds((&second, &decomposed), registered));
            let both = format!("{second}-{given}");
            prop_assert!(finds((&family, &both), registered));
        }

        #[test]
        fn invariant_any_text_is_read(given in ".{0,100}", family in ".{0,100}") {
            prop_assert!(pairs(&given, &family).len() <= GIVEN_WORDS_MAX * FAMILY_WORDS_MAX);
        }
    }
}
