//! The alarm of the log, as whoever works with the service sees it: in its health, beside the alerts, and nowhere among
//! the questions.

use std::process::Stdio;
use std::time::Duration;

use api::v1;
use journal::evidence::{Alarm, Evidence as _};
use serde_json::Value;
use tests::{OPERATOR, Party, SOLNA, World, eventually, flyttbud};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::auditing::{audit, said};
use crate::evidence::{log, registered_and_signed, turn_bit};
use crate::health::{asked, status};
use crate::receipts::profile;

/// Longer than any change needs to be told; a quiet stream says something after half of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an operator is told of the alarm in a list.
async fn listed(operator: &Party) -> Option<v1::LogAlarm> {
    operator.alerts().await.expect("a list").log_alarm
}

/// The next message of a stream that says something else of the alarm than what was said last.
async fn told(
    stream: &mut tonic::Streaming<v1::WatchAlertsResponse>,
    last: Option<&v1::LogAlarm>,
) -> Option<v1::LogAlarm> {
    loop {
        let message = timeout(PATIENCE, stream.message()).await.expect("in time");
        let message = message.expect("a stream").expect("more");
        if message.log_alarm.as_ref() != last {
            return message.log_alarm;
        }
    }
}

async fn watched(party: &Party) -> tonic::Streaming<v1::WatchAlertsResponse> {
    let request = v1::WatchAlertsRequest {
        municipality: party.municipality(),
        ..v1::WatchAlertsRequest::default()
    };
    let opened = party.client.alerts().watch_alerts(request).await;
    opened.expect("a stream").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_bit_is_told_by_health_and_beside_the_alerts_until_it_is_mended() {
    use ServingStatus::{NotServing, Serving};
    let mut world = World::start().await;
    registered_and_signed(&world).await;
    let health = asked(world.endpoint(Some(SOLNA))).await;
    eventually("it holds", || status(&health, "log"), &Serving).await;
    assert_eq!(listed(&world.party(OPERATOR).await).await, None);

    assert!(world.terminate().await.success());
    turn_bit(world.folder(), 2);
    let named = "entry 2 of the journal does not have the hash that was logged";
    // once more after another start: the alarm outlives the process
    for _ in 0..2 {
        world.start_again().await;
        let health = asked(world.endpoint(Some(SOLNA))).await;
        eventually("an alarm", || status(&health, "log"), &NotServing).await;
        eventually("it works", || status(&health, "ready"), &Serving).await;
        let (solna, operator) = (world.party(SOLNA).await, world.party(OPERATOR).await);
        let alarm = listed(&operator).await.expect("an alarm");
        assert_eq!((alarm.text.as_str(), alarm.needs_word), (named, false));
        let stream = &mut watched(&operator).await;
        assert_eq!(told(stream, None).await.expect("an alarm").text, named);
        // it is nobody's question, and no municipality's matter
        let (theirs, ours) = (solna.alerts().await, operator.alerts().await);
        assert_eq!(theirs.expect("a list").log_alarm, None);
        assert_eq!(ours.expect("a list").alerts, []);
        let words = ["--profile", &profile(&world, OPERATOR), "alerts", "list"];
        let shown = said(world.folder(), &words);
        assert!(shown.says.contains(named), "{}{}", shown.says, shown.errors);
        assert!(world.terminate().await.success());
    }

    // turned back
    turn_bit(world.folder(), 2);
    world.start_again().await;
    let health = asked(world.endpoint(Some(SOLNA))).await;
    eventually("it holds", || status(&health, "log"), &Serving).await;
    let operator = world.party(OPERATOR).await;
    eventually("no alarm", || listed(&operator), &None).await;
}

/// `flyttbud alerts watch` at an operator's desk.
struct Desk {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Desk {
    fn of(world: &World) -> Self {
        let profile = profile(world, OPERATOR);
        let mut child = Command::new(flyttbud())
            .args(["--profile", &profile, "--json", "alerts", "watch"])
            .current_dir(world.folder())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("flyttbud starts");
        let output = child.stdout.take().expect("it is piped");
        Self {
            _child: child,
            lines: BufReader::new(output).lines(),
        }
    }

    async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("in time").expect("its output").expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_witnesses_saw_is_told_to_open_streams_when_it_is_raised_and_when_it_is_lifted() {
    let world = World::start().await;
    let (solna, operator) = (world.party(SOLNA).await, world.party(OPERATOR).await);
    let (mut theirs, mut ours) = (watched(&solna).await, watched(&operator).await);
    let mut desk = Desk::of(&world);
    let contradicted = Alarm::Contradicted(vec!["länet".into(), "solna".into()]);
    let log = log(world.folder());
    log.raise(&contradicted).await.expect("raised");
    let alarm = told(&mut ours, None).await.expect("an alarm");
    assert_eq!(
        (alarm.text.as_str(), alarm.needs_word),
        (contradicted.to_string().as_str(), true)
    );
    assert_eq!(listed(&operator).await, Some(alarm.clone()));
    let line = desk.next().await;
    assert_eq!(line["logAlarm"]["text"], alarm.text.as_str(), "{line}");
    // found again, it is the same one and told no more than once
    log.raise(&contradicted).await.expect("raised");
    let lift = ["alarm", "lift", "data/evidence.sqlite", "--reason", "found"];
    assert_eq!(audit(world.folder(), &lift).code, 0);
    assert_eq!(told(&mut ours, Some(&alarm)).await, None);
    assert_eq!(desk.next().await, serde_json::json!({ "logAlarm": null }));
    // a municipality's stream was quiet all the time
    let quiet = timeout(PATIENCE, theirs.message()).await.expect("in time");
    let quiet = quiet.expect("a stream").expect("a heartbeat");
    assert_eq!((quiet.alert, quiet.log_alarm), (None, None));
}
