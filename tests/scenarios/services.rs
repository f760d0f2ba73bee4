//! The stage of the running services: one `flyttbud serve` with NATS for all scenarios, three municipalities for
//! each. A scenario in which days pass has the clock for itself.

mod acts;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::v1;
use client::Refused;
use domain::code::{AnswerCode, CloseReason, NoticeKind, RelocationKind};
use domain::relocation_state::RelocationState;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tests::{
    Canary, FEEDS, Needles, OPERATOR, Party, Plan, World, eventually, scan, settle, verify,
    wait_for,
};
use tokio::sync::{OnceCell, RwLock};

use super::play::{Answer, Refusal, Stage};
use super::request;
use super::steps::{Act, P, Question, Scenario, Shown, Step, Who};

/// Days after which an unannounced arrival is flagged.
const GRACE_DAYS: i64 = 14;
/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all scenarios share: started by the first one that needs it.
#[derive(Default)]
pub(crate) struct House {
    open: OnceCell<Open>,
    /// Held for writing while days pass.
    clock: RwLock<()>,
    /// Days that the record's clock was moved.
    moved: AtomicI64,
    /// How often it was moved.
    passes: AtomicI64,
}

struct Open {
    world: World,
    system: Party,
    /// The register feed of the same municipalities.
    feed: Party,
    operator: Party,
    /// Codes of the municipalities that the system acts for.
    codes: Vec<String>,
}

impl House {
    async fn open(&self) -> &Open {
        let start = || async {
            let world = World::with(Plan {
                log: "debug",
                ..Plan::default()
            })
            .await;
            let served = world.served().await;
            Open {
                system: served.first().expect("somebody is served").clone(),
                codes: served.iter().map(|one| one.code().to_owned()).collect(),
                feed: world.party(FEEDS).await,
                operator: world.party(OPERATOR).await,
                world,
            }
        };
        self.open.get_or_init(start).await
    }

    /// Plays a scenario with three municipalities of its own: its place in the list says which.
    pub(crate) async fn play(&self, scenario: &Scenario, place: usize) {
        let open = self.open().await;
        let passes =
            |step: &Step| matches!(step, Step::Given(Act::Pass(_)) | Step::When(Act::Pass(_)));
        let (alone, together) = if scenario.steps.iter().any(passes) {
            (Some(self.clock.write().await), None)
        } else {
            (None, Some(self.clock.read().await))
        };
        let code = |number: usize| open.codes.get(number).expect("enough are served");
        let party = |number: usize| open.system.acting_for(code(number));
        // the first two are those by whom it is seen that time has passed
        let first = 2 + 3 * place;
        let mut services = Services {
            house: self,
            open,
            parties: [party(first), party(first + 1), party(first + 2)],
            relocations: Vec::new(),
            arrivals: Vec::new(),
            request: None,
            refused: None,
            position: 0,
        };
        super::play::play(scenario, &mut services).await;
        drop((alone, together));
    }

    /// The record's day.
    fn today(&self) -> Date {
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let moved = self.moved.load(Ordering::SeqCst);
        today.checked_add(moved.days()).expect("a date")
    }
}

/// The stage of one scenario.
pub(crate) struct Services<'a> {
    house: &'a House,
    open: &'a Open,
    parties: [Party; 3],
    /// Announcements, oldest first: from, to, name.
    relocations: Vec<(Who, Who, String)>,
    /// Reports, oldest first.
    arrivals: Vec<(Who, String)>,
    request: Option<v1::RegisterRelocationRequest>,
    refused: Option<Refused>,
    /// Where the newest announcement or report stands in the record.
    position: i64,
}

/// A request of somebody, with what all writes carry.
macro_rules! write {
    ($request:ident, $party:expr, $($field:ident: $value:expr),*) => {
        v1::$request {
            municipality: $party.municipality(),
            actor: $party.actor(),
            request_id: request_id(),
            $($field: $value,)*
            ..v1::$request::default()
        }
    };
}
pub(crate) use write;

impl Services<'_> {
    /// The running world.
    pub(crate) fn world(&self) -> &World {
        &self.open.world
    }

    /// The caller that acts for somebody.
    pub(crate) fn party(&self, who: Who) -> &Party {
        let [a, b, c] = &self.parties;
        match who {
            Who::A => a,
            Who::B => b,
            Who::C => c,
        }
    }

    /// The newest announcement's name.
    pub(crate) fn relocation(&self) -> String {
        let newest = self.relocations.last().expect("somebody announced");
        newest.2.clone()
    }

    /// The questions to somebody, oldest first, as whoever may see them does.
    async fn alerts(&self, viewer: &Party, asked: Who) -> Vec<v1::Alert> {
        let mut found = Vec::new();
        let name = self.party(asked).municipality();
        let mut page_token = String::new();
        loop {
            let request = v1::ListAlertsRequest {
                municipality: viewer.municipality(),
                page_size: 500,
                page_token,
                ..v1::ListAlertsRequest::default()
            };
            let page = viewer.list_alerts(request).await.expect("a list");
            found.extend(page.alerts);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        found.retain(|alert| alert.asked_municipality == name);
        found.reverse();
        found
    }

    /// The newest question to somebody, by name.
    pub(crate) async fn newest_alert(&self, asked: Who) -> String {
        let alerts = self.alerts(self.party(asked), asked).await;
        alerts.last().expect("a question").name.clone()
    }

    /// Moves the clock, and waits until what was due by then has happened: an arrival that is reported last is
    /// asked about last.
    async fn pass(&self, days: i64) {
        let [seen, by] = [0, 1].map(|number| {
            let code = self.open.codes.get(number).expect("enough are served");
            self.open.system.acting_for(code)
        });
        let asked = async || seen.alerts().await.expect("a list").alerts.len();
        let before = asked().await;
        if days > GRACE_DAYS {
            let today = self.house.today();
            let mut report = request::report(by.code(), seen.code(), P, today, |_usual| {});
            // a report of the same person in the same month would be the first one
            let count = self.house.passes.fetch_add(1, Ordering::SeqCst);
            let (number, birth_date) = request::somebody(count);
            let person = request::arrived(&mut report);
            (person.identity_number, person.birth_date) = (number, birth_date);
            by.report(report).await.expect("accepted");
        }
        self.open.operator.advance(days).await.expect("moved");
        self.house.moved.fetch_add(days, Ordering::SeqCst);
        if days > GRACE_DAYS {
            wait_for("what was due", || async {
                (asked().await > before).then_some(())
            })
            .await;
        }
    }

    /// The record's day.
    pub(crate) fn today(&self) -> Date {
        self.house.today()
    }

    /// All announcements and replies as somebody reads them.
    pub(crate) async fn read(&self, who: Who) -> v1::Relocation {
        let name = self.relocation();
        self.party(who).read(&name).await.expect("a party reads")
    }

    /// The newest announcement from one to another, as the receiver reads it.
    async fn newest(&self, from: Who, to: Who) -> v1::Relocation {
        self.envelope(to, &self.newest_name(from, to)).await
    }

    /// What somebody sees who reads for one function, in a list and in a stream.
    async fn told_at(&self, who: Who, id: &str) -> Vec<NoticeKind> {
        let party = self.party(who);
        let function = format!("{}/functions/{id}", party.municipality());
        let list = v1::ListNoticesRequest {
            municipality: party.municipality(),
            page_size: 500,
            function: function.clone(),
            ..v1::ListNoticesRequest::default()
        };
        let listed = party.list_notices(list).await.expect("a list");
        assert_eq!(listed.read_number, listed.last_number, "all was looked at");
        let mut stream = party.watch_at("", &function).await.expect("a stream");
        assert_eq!(stream.backlog().await, listed.notices);
        let kind = |notice: &v1::Notice| NoticeKind::from_number(notice.kind).expect("known");
        listed.notices.iter().map(kind).collect()
    }

    /// How many notices wait for somebody, as its sender A sees it and as operators do.
    async fn waits(&self, to: Who) -> [i64; 2] {
        let mut counts = [0; 2];
        let viewers = [self.party(Who::A), &self.open.operator];
        for (count, viewer) in counts.iter_mut().zip(viewers) {
            let request = v1::ListUndeliveredRequest {
                municipality: viewer.municipality(),
                page_size: 500,
                page_token: String::new(),
            };
            let listed = viewer.list_undelivered(request).await.expect("a list");
            let name = self.party(to).municipality();
            let mut rows = listed.undelivered.iter();
            if let Some(row) = rows.find(|row| row.municipality == name) {
                assert!(row.oldest_at.is_some(), "{row:?}");
                *count = row.count;
            }
        }
        counts
    }

    async fn told(&self, who: Who) -> Vec<v1::Notice> {
        let notices = self.party(who).notices().await.expect("a list");
        verify(self.party(who).code(), &notices);
        notices
    }

    /// Whether the store of NATS holds a notice to somebody, alone or packed with others.
    fn is_on_nats(&self, who: Who) -> bool {
        let notice = format!("\"recipient\":\"{}\"", self.party(who).code());
        let found = scan(&self.world().folder().join("nats"), &Canary::text(&notice));
        !found.found.is_empty()
    }

    async fn nowhere(&self, texts: &[&str]) {
        let is_number = |text: &str| text.len() == 13 && text.as_bytes().get(8) == Some(&b'-');
        let canaries: Vec<Canary> = texts
            .iter()
            .flat_map(|text| {
                if is_number(text) {
                    Canary::number(text)
                } else {
                    Canary::text(text)
                }
            })
            .collect();
        let scanned = scan(self.world().folder(), &canaries);
        assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new());
        // what is no person is found by the same scan
        let name = Canary::text(&self.relocation());
        let name = scan(self.world().folder(), &name);
        assert!(!name.found.is_empty(), "{:?}", scanned.files);
        let needles = Needles::of(&canaries);
        for who in [Who::A, Who::B, Who::C] {
            let told = format!("{:?} {:?}", self.told(who).await, self.refused);
            assert!(!needles.stands_in(told.as_bytes()), "{told}");
        }
    }

    fn logged(&self) {
        let refused = self.refused.as_ref().expect("something was refused");
        let log = self.world().log();
        let is_told =
            |line: &str| line.contains(&refused.request_id) && line.contains(&refused.reason);
        assert!(log.lines().any(is_told), "{} is not logged", refused.reason);
    }
}

impl Stage for Services<'_> {
    async fn act(&mut self, act: &Act) -> Result<Answer, Refusal> {
        let today = self.house.today();
        let answer = match act {
            Act::Announce(by, person, to, how) => {
                let (from, code) = (self.party(*by).code(), self.party(*to).code());
                let request = request::announcement(from, code, *person, today, *how);
                self.announce(*by, *to, request).await
            }
            Act::Report(by, person, from, how) => {
                let (at, code) = (self.party(*by).code(), self.party(*from).code());
                let request = request::report(at, code, *person, today, *how);
                self.report(*by, request).await
            }
            Act::Retry(by, how) => self.retry(*by, *how).await,
            Act::Acknowledge(by) => self.acknowledge(*by).await,
            Act::Reply(by, text) => self.reply(*by, text, false).await,
            Act::Object(by, text) => self.reply(*by, text, true).await,
            Act::Withdraw(by, reason) => self.withdraw(*by, *reason).await,
            Act::Answer(by, answer) => self.answer(*by, *answer).await,
            Act::Dispute(by) => self.dispute(*by).await,
            Act::Retract(by) => self.retract(*by).await,
            Act::Tell(to, events) => self.tell(*to, events).await,
            Act::AskOfClients(of, events) => self.ask_of_clients(*of, events).await,
            Act::Refer(by) => self.refer(*by).await,
            Act::Decided(by) => self.decided(*by).await,
            Act::Describe(by, id, kinds, closed) => {
                let function = request::function(self.party(*by).code(), id, kinds, *closed);
                self.describe(*by, function).await
            }
            Act::Trust(by, id, does) => {
                let function = request::trusted(self.party(*by).code(), id, *does);
                self.describe(*by, function).await
            }
            Act::Confirm(by) => self.confirm(*by).await,
            Act::Close(asked, reason) => self.close(*asked, *reason).await,
            Act::Pass(days) => {
                self.pass(*days).await;
                Ok(about(String::new()))
            }
            _ => panic!("production, exact instants and lineages are a matter of the rules"),
        };
        answer.map_err(|refused| {
            let refusal = Refusal {
                reason: refused.reason.clone(),
                fields: refused.violations.iter().map(|it| it.0.clone()).collect(),
                message: refused.message.clone(),
            };
            self.refused = Some(refused);
            refusal
        })
    }

    async fn settle(&self) {
        settle(&self.open.operator, self.position).await;
    }

    async fn notices(&self, who: Who) -> Vec<NoticeKind> {
        let notices = self.told(who).await;
        let kind = |notice: &v1::Notice| NoticeKind::from_number(notice.kind).expect("known");
        notices.iter().map(kind).collect()
    }

    async fn questions(&self, asked: Who) -> Vec<Question> {
        let question = |alert: &v1::Alert| Question {
            disputed: alert.disputed,
            answer: AnswerCode::from_number(alert.answer),
            closed: CloseReason::from_number(alert.close_reason),
        };
        let seen = |alerts: Vec<_>| alerts.iter().map(question).collect::<Vec<_>>();
        // whoever looks a moment later may see more
        wait_for("operators and the party see the same", || async {
            let operators = seen(self.alerts(&self.open.operator, asked).await);
            let parties = seen(self.alerts(self.party(asked), asked).await);
            (operators == parties).then_some(parties)
        })
        .await
    }

    async fn function(&self, from: Who, to: Who) -> String {
        let seen = self.newest(from, to).await;
        let id = seen.receiving_function.rsplit('/').next();
        id.unwrap_or_default().to_owned()
    }

    async fn announcement(&self, from: Who, to: Who) -> (RelocationKind, RelocationState) {
        let seen = self.newest(from, to).await;
        let kind = RelocationKind::from_number(seen.kind);
        let state = RelocationState::from_number(seen.state);
        (kind.expect("known"), state.expect("known"))
    }

    async fn arrival(&self, by: Who) -> v1::ArrivalState {
        let seen = self.party(by).see_arrival(&self.newest_arrival(by)).await;
        seen.expect("the reporter sees it").state()
    }

    async fn show(&self, what: &Shown) {
        match what {
            Shown::Readable(who) => {
                let announced = self.request.as_ref().expect("somebody announced");
                assert_eq!(self.read(*who).await.content, announced.content);
            }
            Shown::Unreadable(who) => assert_eq!(self.read(*who).await.content, None),
            Shown::Replies(who, expected) => {
                let read = self.read(*who).await;
                let replies = read.replies.iter();
                let seen: Vec<_> = replies.map(|it| (it.objection, it.text.as_str())).collect();
                assert_eq!(seen, *expected);
            }
            Shown::QuestionReads(who, text) => {
                let name = self.newest_alert(*who).await;
                let read = self.party(*who).read_alert(&name).await.expect("asked");
                let question = format!("{:?}", read.question.expect("the question"));
                assert!(question.contains(text), "{question}");
            }
            Shown::Streamed(who, expected) => {
                let mut stream = self.party(*who).watch("").await.expect("a stream");
                let kinds = stream.backlog().await.into_iter().map(|it| it.kind);
                let kinds: Vec<_> = kinds.filter_map(NoticeKind::from_number).collect();
                assert_eq!(kinds, *expected);
            }
            Shown::ToldAt(who, id, expected) => {
                let look = || async { self.told_at(*who, id).await };
                eventually("told there", look, &expected.to_vec()).await;
            }
            Shown::Waits(to, count) => {
                let look = || async { self.waits(*to).await };
                eventually("so many wait", look, &[*count, *count]).await;
            }
            Shown::Contacts(who, expected) => {
                let told = self.told(*who).await.into_iter();
                let phones = told.map(|it| it.contact.map(|it| it.phone).unwrap_or_default());
                assert_eq!(phones.collect::<Vec<_>>(), *expected);
            }
            Shown::OpenFunctions(expected) => {
                let refused = self.refused.as_ref().expect("something was refused");
                let open = ("functions".to_owned(), (*expected).to_owned());
                assert!(refused.metadata.contains(&open), "{refused:?}");
            }
            Shown::OnNats(who) => {
                eventually("NATS holds it", async || self.is_on_nats(*who), &true).await;
            }
            Shown::NothingOnNats(who) => assert!(!self.is_on_nats(*who)),
            Shown::Receipt(who) => {
                let request = v1::GetReceiptRequest {
                    municipality: self.party(*who).municipality(),
                    name: self.relocation(),
                    ..v1::GetReceiptRequest::default()
                };
                let client = &self.party(*who).client;
                let receipt = client.wait_for_receipt(&request, false, PATIENCE).await;
                receipt.expect("a receipt");
            }
            Shown::Logged => self.logged(),
            Shown::Nowhere(texts) => self.nowhere(texts).await,
            Shown::That(_words, check) => check(self).await,
        }
    }
}

fn about(name: String) -> Answer {
    Answer {
        name,
        warnings: Vec::new(),
    }
}

/// What the warnings are about, but for what is so in every scenario until somebody confirms.
fn reasons(warnings: Vec<v1::Warning>) -> Vec<String> {
    let reasons = warnings.into_iter().map(|warning| warning.reason);
    reasons
        .filter(|reason| reason != "RECIPIENT_NOT_CONNECTED")
        .collect()
}
