//! The call over HTTP: statuses, content types, bounds; and that no body and no path makes it fail.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Empty;
use hyper::body::Frame;
use proptest::prelude::*;
use tlog::witness::SIZE_CONTENT_TYPE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::*;
use crate::given::{History, House};

fn post(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post("/add-checkpoint").body(Full::new(body.into()));
    request.expect("a request")
}

async fn told(witness: &Arc<Witness>, request: Request<Full<Bytes>>) -> (u16, String, String) {
    let answer = respond(witness.clone(), request).await;
    let (head, body) = answer.into_parts();
    let content_type = head.headers[CONTENT_TYPE]
        .to_str()
        .expect("a type")
        .to_owned();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("a text");
    (head.status.as_u16(), content_type, body)
}

#[tokio::test]
async fn statuses_and_content_types_are_those_of_the_specification() {
    let house = House::new();
    let witness = Arc::new(house.open());
    let text = "text/plain; charset=utf-8";
    let mut shrinking = History::of("a", 7).after(7);
    shrinking.old.0 = 8;
    for (request, status, content_type, begins) in [
        (
            History::of("a", 7).after(0),
            200,
            text,
            "\u{2014} witness.example/w1 ",
        ),
        (History::of("a", 9).after(0), 409, SIZE_CONTENT_TYPE, "7\n"),
        (History::of("b", 7).after(7), 409, text, "another root"),
        (
            History::of("b", 9).after(7),
            422,
            text,
            "the consistency proof",
        ),
        (shrinking, 400, text, "the old size"),
    ] {
        let (got, of_type, body) = told(&witness, post(request.to_string())).await;
        assert_eq!((got, of_type.as_str()), (status, content_type), "{body}");
        assert!(body.starts_with(begins) && body.ends_with('\n'), "{body}");
    }
    assert_eq!(told(&witness, post("old 0\n")).await.0, 400);
    assert_eq!(
        told(&witness, post("x".repeat(DOCUMENT_BYTES_MAX))).await.0,
        400
    );
    assert_eq!(
        told(&witness, post("x".repeat(DOCUMENT_BYTES_MAX + 1)))
            .await
            .0,
        413
    );
}

#[tokio::test]
async fn other_places_and_methods_are_refused() {
    let house = House::new();
    let witness = Arc::new(house.open());
    for (method, place, status, allow) in [
        ("GET", "/health", 200, None),
        ("POST", "/health", 405, Some("GET")),
        ("GET", "/add-checkpoint", 405, Some("POST")),
        ("PUT", "/add-checkpoint", 405, Some("POST")),
        ("POST", "/", 404, None),
        ("POST", "/add-checkpoint/", 404, None),
        ("GET", "/metrics", 404, None),
    ] {
        let request = Request::builder().method(method).uri(place);
        let request = request.body(Empty::<Bytes>::new()).expect("a request");
        let answer = respond(witness.clone(), request).await;
        assert_eq!(answer.status(), status, "{method} {place}");
        let allowed = answer
            .headers()
            .get(ALLOW)
            .map(|value| value.to_str().expect("text"));
        assert_eq!(allowed, allow, "{method} {place}");
    }
}

/// A body that never ends.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_given_up() {
    let house = House::new();
    let request = Request::post("/add-checkpoint").body(Endless);
    let answer = respond(Arc::new(house.open()), request.expect("a request"));
    assert_eq!(answer.await.status(), 408);
}

/// One end of a connection; the other is on its way to the server.
struct Caller(DuplexStream);

impl Caller {
    fn new() -> (Self, io::Result<DuplexStream>) {
        let (here, there) = duplex(4096);
        (Self(here), Ok(there))
    }

    /// Asks after the witness's health.
    async fn ask(&mut self) {
        let request = b"GET /health HTTP/1.1\r\nhost: w1.example\r\n\r\n";
        self.0.write_all(request).await.expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            answer.push(self.0.read_u8().await.expect("an answer"));
        }
    }

    /// Waits until the server closes the connection.
    async fn closed(&mut self) {
        assert_eq!(self.0.read(&mut [0]).await.expect("an end"), 0);
    }
}

/// A witness that serves these connections.
fn served(house: &House, connections: Vec<io::Result<DuplexStream>>) -> Tasks {
    let (tasks, witness) = (Tasks::new(), Arc::new(house.open()));
    let incoming = tokio_stream::iter(connections).chain(tokio_stream::pending());
    tasks.spawn("serve", serve(witness, incoming, tasks.clone()));
    tasks
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_it_is_idle_old_or_the_drain_begins() {
    let house = House::new();
    let (mut idle, one) = Caller::new();
    let (mut busy, two) = Caller::new();
    let (mut late, three) = Caller::new();
    let tasks = served(&house, vec![one, two, three]);
    let begun = Instant::now();
    idle.ask().await;
    idle.closed().await;
    assert!(begun.elapsed() >= HEAD && begun.elapsed() < HEAD * 2);
    late.closed().await;
    busy.closed().await;
    assert!(tasks.end().await, "drained");

    let house = House::new();
    let (mut busy, one) = Caller::new();
    let (mut open, two) = Caller::new();
    let tasks = served(&house, vec![one, two]);
    let begun = Instant::now();
    while begun.elapsed() + HEAD / 2 < CONNECTION {
        busy.ask().await;
        open.ask().await;
        sleep(HEAD / 2).await;
    }
    busy.closed().await;
    assert!(begun.elapsed() >= CONNECTION);
    assert!(tasks.end().await, "drained");
    open.closed().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_one_too_many_waits_for_its_turn() {
    let house = House::new();
    let (mut callers, connections): (Vec<_>, Vec<_>) =
        (0..=CONNECTIONS_MAX).map(|_| Caller::new()).unzip();
    let tasks = served(&house, connections);
    let mut last = callers.pop().expect("the one too many");
    for caller in &mut callers {
        caller.ask().await;
    }
    timeout(HEAD / 2, last.ask()).await.expect_err("no place");
    drop(callers.pop());
    // its request is waiting there
    last.ask().await;
    drop(callers);
    assert!(tasks.end().await, "drained");
}

/// A request that is almost one: bytes of a good one are changed, doubled or left out.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4u8);
    (0..9u64, prop::collection::vec(change, 0..6)).prop_map(|(old, changes)| {
        let mut body = History::of("a", 9).after(old).to_string().into_bytes();
        for (place, byte, what) in changes {
            let place = place.index(body.len());
            match what {
                0 => body[place] = byte,
                1 => body.insert(place, byte),
                // an empty one has no place for the next change
                2 if body.len() > 1 => _ = body.remove(place),
                _ => body.truncate(place.max(1)),
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn invariant_no_body_is_answered_otherwise_than_by_the_specification(
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..2000), almost()],
    ) {
        let house = House::new();
        let witness = Arc::new(house.open());
        let runtime = Runtime::new().expect("a runtime");
        let ask = |body: Vec<u8>| runtime.block_on(told(&witness, post(body)));
        let (status, _, answer) = ask(body);
        prop_assert!([200, 400, 403, 404, 409, 422].contains(&status), "{status} {answer}");
        // nothing but what the log signed can have been cosigned
        let (after, _, answer) = ask(History::of("a", 9).after(0).to_string().into_bytes());
        prop_assert_eq!(after, if status == 200 { 409 } else { 200 }, "{}", answer);
    }
}
