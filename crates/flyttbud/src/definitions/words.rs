//! What a trial showed, in words and tables, in English and Swedish.

use domain::code::RelocationKind;
use ledger::{Flag, Flagged};

use super::{Count, Outcome, Try};
use crate::output;
use crate::verify::{Language, pick};

/// A flag's name for programs.
pub(super) fn name(flag: Flag) -> &'static str {
    match flag {
        Flag::Unannounced => "unannounced_arrival",
        Flag::Unsettled => "question_not_settled_in_time",
        Flag::NotArrived => "relocation_not_arrived",
    }
}

pub(super) fn say(options: &Try, outcome: &Outcome) {
    let language = options.language;
    let say = |english: &str, swedish: &str| output::say(pick(language, english, swedish));
    say(
        "What municipalities did is taken as it was; what the ledger does is found anew.",
        "Vad kommunerna gjorde tas som det var; vad liggaren gör räknas fram på nytt.",
    );
    output::say(&varied(options, language));
    output::say("");
    let heading = pick(language, "flagged", "flaggat");
    let rows = outcome
        .all
        .iter()
        .map(|(flag, count)| row(flag_words(*flag, language), count));
    output::table(&headings(heading, language), rows.collect());
    if !outcome.months.is_empty() {
        let heading = pick(language, "by month", "per månad");
        let rows = outcome.months.iter().map(|((flag, month), count)| {
            row(&format!("{month} {}", flag_words(*flag, language)), count)
        });
        output::table(&headings(heading, language), rows.collect());
    }
    say(
        "The month is the report's, or for a relocation the planned one.",
        "Månaden är rapportens, eller för en flytt den planerade.",
    );
    for (flag, count) in &outcome.all {
        output::say(&difference(*flag, count, language));
    }
    if outcome.impossible > 0 {
        let count = outcome.impossible;
        output::say(&match language {
            Language::En => format!(
                "{count} acts have no place on trial, since what they were about had ended by then."
            ),
            Language::Sv => format!(
                "{count} handlingar saknar plats i försöket, för det de gällde hade redan avslutats."
            ),
        });
    }
    if options.list {
        let flagged = outcome.flagged.iter();
        let others = flagged.filter(|flagged| flagged.in_fact != flagged.on_trial);
        for flagged in others {
            output::say(&listed(flagged, language));
        }
    }
}

fn headings(first: &str, language: Language) -> [&str; 6] {
    match language {
        Language::En => [
            first,
            "in fact",
            "on trial",
            "both",
            "only in fact",
            "only on trial",
        ],
        Language::Sv => [
            first,
            "i verkligheten",
            "i försöket",
            "båda",
            "bara i verkligheten",
            "bara i försöket",
        ],
    }
}

fn row(first: &str, count: &Count) -> Vec<String> {
    let numbers = [
        count.in_fact(),
        count.on_trial(),
        count.both,
        count.only_in_fact,
        count.only_on_trial,
    ];
    std::iter::once(first.to_owned())
        .chain(numbers.iter().map(ToString::to_string))
        .collect()
}

fn flag_words(flag: Flag, language: Language) -> &'static str {
    match flag {
        Flag::Unannounced => pick(language, "unannounced arrivals", "oaviserade ankomster"),
        Flag::Unsettled => pick(
            language,
            "questions not settled in time",
            "frågor som inte klarades ut i tid",
        ),
        Flag::NotArrived => pick(language, "relocations not arrived", "flyttar utan ankomst"),
    }
}

/// A kind of relocation.
pub(crate) fn kind_words(kind: RelocationKind, language: Language) -> &'static str {
    let (english, swedish) = match kind {
        RelocationKind::ActiveInvolvement => ("active involvement", "aktiv medverkan"),
        RelocationKind::SupportedVoluntaryMove => {
            ("supported voluntary move", "stöd vid frivillig flytt")
        }
        RelocationKind::Placement => ("placement", "placering"),
        RelocationKind::Application297 => ("application before moving", "ansökan före flytt"),
        RelocationKind::Transfer2910 => ("transfer of a case", "överflyttning av ärende"),
        RelocationKind::PrivateHomeCare226 => ("care in a family home", "vård i enskilt hem"),
    };
    pick(language, english, swedish)
}

/// What is another than in the record.
fn varied(options: &Try, language: Language) -> String {
    let number = |value: Option<u32>, english: &str, swedish: &str| {
        value.map(|value| format!("{} {value}", pick(language, english, swedish)))
    };
    let kinds = options.variation().kinds.map(|kinds| {
        let words: Vec<&str> = kinds
            .iter()
            .map(|kind| kind_words(*kind, language))
            .collect();
        let only = pick(language, "only announcements of", "bara underrättelser om");
        format!("{only} {}", words.join(", "))
    });
    let varied: Vec<String> = [
        number(options.grace_days, "grace days", "anståndsdagar"),
        number(options.early_months, "early months", "månader i förväg"),
        number(options.late_months, "late months", "månader efteråt"),
        number(
            options.not_arrived_months,
            "not arrived months",
            "månader utan ankomst",
        ),
        number(options.answer_days, "answer days", "svarsdagar"),
        kinds,
    ]
    .into_iter()
    .flatten()
    .collect();
    if varied.is_empty() {
        let same = pick(
            language,
            "Nothing is varied: the definitions of then.",
            "Ingenting är ändrat: definitionerna från då.",
        );
        return same.to_owned();
    }
    let text = varied.join("; ");
    match language {
        Language::En => {
            format!("On trial: {text}. Everything else as the definitions of then have it.")
        }
        Language::Sv => format!("I försöket: {text}. Allt annat som i definitionerna från då."),
    }
}

fn difference(flag: Flag, count: &Count, language: Language) -> String {
    let (what, more, fewer) = (
        flag_words(flag, language),
        count.only_on_trial,
        count.only_in_fact,
    );
    match (language, more, fewer) {
        (Language::En, 0, 0) => format!("{what}: the same"),
        (Language::Sv, 0, 0) => format!("{what}: desamma"),
        (Language::En, ..) => format!(
            "{what}: {more} that were not flagged would have been, {fewer} that were would not"
        ),
        (Language::Sv, ..) => format!(
            "{what}: {more} som inte flaggades hade flaggats, {fewer} som flaggades hade inte flaggats"
        ),
    }
}

fn listed(flagged: &Flagged, language: Language) -> String {
    let which = if flagged.in_fact {
        pick(language, "only in fact", "bara i verkligheten")
    } else {
        pick(language, "only on trial", "bara i försöket")
    };
    format!(
        "{}  {which}: {}",
        flagged.subject,
        flag_words(flagged.flag, language)
    )
}
