//! `flyttbud definitions try`: what another definition would have flagged, found by replaying what municipalities
//! did. It reads envelopes on this machine, and tells of no person: what it counts are questions and relocations.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};
use domain::code::RelocationKind;
use domain::month::Month;
use ledger::{Flag, Flagged, Trial, Variation};
use ledgerd::replay::read;
use serde_json::json;

use crate::failure::Failure;
use crate::journal::{Place, Progress, ended};
use crate::output;
use crate::verify::Language;

pub(crate) use words::kind_words;

/// Which definition to try, on which journal.
#[derive(Debug, Args)]
pub(crate) struct Try {
    #[command(flatten)]
    place: Place,
    /// Days to announce after an arrival was reported, 0 to 365
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=365))]
    grace_days: Option<u32>,
    /// Months before the planned one that still match, 0 to 24
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=24))]
    early_months: Option<u32>,
    /// Months after the planned one that still match, 0 to 24
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=24))]
    late_months: Option<u32>,
    /// Months until a relocation counts as not arrived, 1 to 24
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=24))]
    not_arrived_months: Option<u32>,
    /// Days to answer a question, 1 to 365
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=365))]
    answer_days: Option<u32>,
    /// Only announcements of these kinds count; without it, all
    #[arg(long, value_enum, value_delimiter = ',')]
    kinds: Option<Vec<Kind>>,
    /// Also name each alert and relocation that is flagged otherwise
    #[arg(long)]
    list: bool,
    /// In which language to say it
    #[arg(
        long,
        value_enum,
        env = "FLYTTBUD_LANGUAGE",
        default_value_t = Language::En
    )]
    language: Language,
}

/// The kinds of relocation.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Active involvement
    ActiveInvolvement,
    /// Supported voluntary move
    SupportedVoluntaryMove,
    /// Placement
    Placement,
    /// Application before moving, SoL 29:7
    Application,
    /// Transfer of a case, SoL 29:10
    Transfer,
    /// Care in a family home elsewhere, SoL 22:6
    PrivateHomeCare,
}

impl From<Kind> for RelocationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ActiveInvolvement => Self::ActiveInvolvement,
            Kind::SupportedVoluntaryMove => Self::SupportedVoluntaryMove,
            Kind::Placement => Self::Placement,
            Kind::Application => Self::Application297,
            Kind::Transfer => Self::Transfer2910,
            Kind::PrivateHomeCare => Self::PrivateHomeCare226,
        }
    }
}

/// How many were flagged in fact only, on trial only, both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    only_in_fact: u64,
    only_on_trial: u64,
    both: u64,
}

impl Count {
    fn add(&mut self, flagged: &Flagged) {
        let count = match (flagged.in_fact, flagged.on_trial) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.only_in_fact,
            (false, _) => &mut self.only_on_trial,
        };
        *count += 1;
    }

    fn in_fact(&self) -> u64 {
        self.both + self.only_in_fact
    }

    fn on_trial(&self) -> u64 {
        self.both + self.only_on_trial
    }
}

/// What came out: by what was flagged, in all and by month.
#[derive(Debug)]
struct Outcome {
    flagged: Vec<Flagged>,
    all: BTreeMap<Flag, Count>,
    months: BTreeMap<(Flag, Month), Count>,
    impossible: u64,
}

impl Outcome {
    fn of(trial: &Trial) -> Self {
        let mut outcome = Self {
            flagged: trial.flagged(),
            all: [Flag::Unannounced, Flag::Unsettled, Flag::NotArrived]
                .map(|flag| (flag, Count::default()))
                .into(),
            months: BTreeMap::new(),
            impossible: trial.impossible(),
        };
        for flagged in &outcome.flagged {
            outcome.all.entry(flagged.flag).or_default().add(flagged);
            let month = (flagged.flag, flagged.month);
            outcome.months.entry(month).or_default().add(flagged);
        }
        outcome
    }
}

impl Try {
    fn variation(&self) -> Variation {
        let kinds = self.kinds.iter().flatten().copied();
        let kinds: BTreeSet<RelocationKind> = kinds.map(RelocationKind::from).collect();
        Variation {
            grace_days: self.grace_days,
            early_months: self.early_months,
            late_months: self.late_months,
            not_arrived_months: self.not_arrived_months,
            answer_days: self.answer_days,
            kinds: self.kinds.is_some().then_some(kinds),
        }
    }
}

pub(crate) fn run(options: &Try, json: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    let trial = runtime.block_on(trial(options))?;
    let outcome = Outcome::of(&trial);
    if json {
        say_json(options, &outcome);
    } else {
        words::say(options, &outcome);
    }
    Ok(())
}

async fn trial(options: &Try) -> Result<Trial, Failure> {
    let mut source = options.place.open().await?.whole()?;
    let mut progress = Progress::new("trying", source.range().1.0);
    let mut trial = Trial::new(options.variation());
    while let Some((position, bytes)) = source.next().await? {
        let entry = read(position, &bytes).map_err(ended)?;
        trial.take(&entry).map_err(|halt| ended(halt.into()))?;
        progress.add(1);
    }
    Ok(trial)
}

fn say_json(options: &Try, outcome: &Outcome) {
    let count = |flag: &Flag, month: Option<&Month>, count: &Count| {
        json!({
            "flag": words::name(*flag),
            "month": month.map(ToString::to_string),
            "in_fact": count.in_fact(),
            "on_trial": count.on_trial(),
            "both": count.both,
            "only_in_fact": count.only_in_fact,
            "only_on_trial": count.only_on_trial,
        })
    };
    for (flag, of) in &outcome.all {
        output::say(&count(flag, None, of).to_string());
    }
    for ((flag, month), of) in &outcome.months {
        output::say(&count(flag, Some(month), of).to_string());
    }
    if options.list {
        for flagged in outcome
            .flagged
            .iter()
            .filter(|it| it.in_fact != it.on_trial)
        {
            let line = json!({
                "flag": words::name(flagged.flag),
                "subject": flagged.subject.to_string(),
                "in_fact": flagged.in_fact,
                "on_trial": flagged.on_trial,
            });
            output::say(&line.to_string());
        }
    }
    output::say(&json!({ "impossible_acts": outcome.impossible }).to_string());
}
