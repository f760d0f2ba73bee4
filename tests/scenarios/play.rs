//! Plays a scenario on a stage: step after step, and no refusal goes unnoticed.

use api::v1;
use domain::code::{NoticeKind, RelocationKind};
use domain::relocation_state::RelocationState;
use tests::eventually;

use super::steps::{Act, Fact, On, Question, Scenario, Shown, Step, Who};

/// What an act was answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The resource that it made or changed; empty for none.
    pub(crate) name: String,
    /// Reasons; or what became of each event.
    pub(crate) warnings: Vec<String>,
}

/// What an act was refused with.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) fields: Vec<String>,
    pub(crate) message: String,
}

/// Where scenarios are played: the running services, or the rules alone.
pub(crate) trait Stage {
    /// Does it.
    async fn act(&mut self, act: &Act) -> Result<Answer, Refusal>;
    /// Waits until whatever follows at once has followed.
    async fn settle(&self);
    /// The notices of an inbox.
    async fn notices(&self, who: Who) -> Vec<NoticeKind>;
    /// The questions to somebody.
    async fn questions(&self, asked: Who) -> Vec<Question>;
    /// The newest announcement from one to another.
    async fn announcement(&self, from: Who, to: Who) -> (RelocationKind, RelocationState);
    /// The function that the newest announcement from one to another goes to; empty for none.
    async fn function(&self, from: Who, to: Who) -> String;
    /// The newest report of somebody.
    async fn arrival(&self, by: Who) -> v1::ArrivalState;
    /// Shows what only services can.
    async fn show(&self, what: &Shown);
}

/// Plays it.
pub(crate) async fn play(scenario: &Scenario, stage: &mut impl Stage) {
    let mut last: Option<Result<Answer, Refusal>> = None;
    let mut first = None;
    let mut noticed = true;
    let mut newest = None;
    for (number, step) in (1..).zip(scenario.steps) {
        let at = format!("{}, step {number}", scenario.name);
        match step {
            Step::Given(act) | Step::When(act) => {
                assert!(noticed, "{at}: the act before was refused: {last:?}");
                let answer = stage.act(act).await;
                if let Act::Announce(from, _, to, _) = act {
                    newest = Some((*from, *to));
                }
                if let (None, Ok(answer)) = (&first, &answer) {
                    first = Some(answer.name.clone());
                }
                noticed = answer.is_ok();
                last = Some(answer);
            }
            Step::Then(fact) => {
                noticed |= matches!(fact, Fact::Refused(..));
                assert!(noticed, "{at}: the act before was refused: {last:?}");
                stage.settle().await;
                match answered(fact, last.as_ref(), first.as_deref()) {
                    Some(holds) => assert!(holds, "{at}: it was {last:?}"),
                    None => check(fact, newest, scenario.on, stage, &at).await,
                }
            }
        }
    }
    assert!(noticed, "{}: the last act: {last:?}", scenario.name);
}

/// Whether a fact about the last answer holds; none when the fact is about something else.
fn answered(
    fact: &Fact,
    last: Option<&Result<Answer, Refusal>>,
    first: Option<&str>,
) -> Option<bool> {
    let is_about_it = matches!(
        fact,
        Fact::Refused(..)
            | Fact::Says(_)
            | Fact::Warned(_)
            | Fact::AnsweredAsTheFirst
            | Fact::Outcomes(_)
    );
    is_about_it.then(|| match (fact, last.expect("an answer follows an act")) {
        (Fact::Refused(reason, fields), Err(it)) => it.reason == *reason && it.fields == *fields,
        (Fact::Says(text), Err(it)) => it.message.contains(text),
        (Fact::Outcomes(outcomes), Ok(it)) => it.warnings == *outcomes,
        (Fact::Warned(warnings), Ok(it)) => it.warnings == *warnings,
        (Fact::AnsweredAsTheFirst, Ok(it)) => Some(it.name.as_str()) == first,
        _ => false,
    })
}

async fn check(fact: &Fact, newest: Option<(Who, Who)>, on: On, stage: &impl Stage, at: &str) {
    let newest = || newest.expect("somebody announced");
    match fact {
        Fact::Told(who, expected) => {
            eventually(at, || stage.notices(*who), &expected.to_vec()).await;
        }
        Fact::Asked(who, expected) => {
            eventually(at, || stage.questions(*who), &expected.to_vec()).await;
        }
        Fact::Announcement(from, to, expected) => {
            let look = || async { stage.announcement(*from, *to).await.1 };
            eventually(at, look, expected).await;
        }
        Fact::CountsAsInvolvement(expected) => {
            let (from, to) = newest();
            let counts = stage.announcement(from, to).await.0.rule().counts;
            assert_eq!(counts, *expected, "{at}");
        }
        Fact::GoesTo(expected) => {
            let (from, to) = newest();
            let function = stage.function(from, to).await;
            assert_eq!(function, expected.unwrap_or_default(), "{at}");
        }
        Fact::Arrival(by, expected) => eventually(at, || stage.arrival(*by), expected).await,
        Fact::Shown(_) if on == On::Rules => panic!("{at}: the rules cannot show it"),
        Fact::Shown(what) => stage.show(what).await,
        Fact::Refused(..)
        | Fact::Says(_)
        | Fact::Warned(_)
        | Fact::AnsweredAsTheFirst
        | Fact::Outcomes(_) => {}
    }
}
