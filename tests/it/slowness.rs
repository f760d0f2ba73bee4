//! A reader that hangs hangs alone, and a caller that connects ever again keeps nobody out.

use std::time::{Duration, Instant};

use api::v1;
use api::v1::directory_service_client::DirectoryServiceClient;
use api::v1::inbox_service_client::InboxServiceClient;
use api::v1::watch_inbox_response::Item;
use client::Refused;
use tests::{Inbox, Plan, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, wait_for};
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::load::{announcements, register_all};

/// The longest that another municipality's notice may take, on a busy machine: less than it takes until the
/// record is looked at again, which is what would help one that is held up.
const MOST: Duration = Duration::from_secs(3);
/// What an HTTP/2 stream of the hanging reader takes before it must be read: three notices or so.
const WINDOW_BYTES: u32 = 1024;

/// docs/api.md: fifteen seconds without a notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_shows_that_it_lives_and_from_where_it_would_go_on() {
    let world = World::start().await;
    let sigtuna = world.party(SIGTUNA).await;
    let mut inbox = sigtuna.watch("").await.expect("a stream");
    let first = beat(&mut inbox).await;
    let began = Instant::now();
    assert_eq!(beat(&mut inbox).await, first);
    let quiet = began.elapsed();
    assert!(quiet > Duration::from_secs(12), "{quiet:?}");
    // what comes after the token comes, and nothing else
    let solleftea = world.party(SOLLEFTEA).await;
    let announced = announcement(&solleftea, SIGTUNA.code, 0);
    solleftea.register(announced).await.expect("accepted");
    let notice = inbox.notice().await;
    let mut again = sigtuna.watch(&first).await.expect("a stream");
    assert_eq!(again.notice().await, notice);
}

/// The token of the heartbeat that comes next.
async fn beat(inbox: &mut Inbox) -> String {
    match inbox.next().await.expect("the stream lives") {
        Some(Item::Heartbeat(beat)) => beat.resume_token,
        other => panic!("no heartbeat: {other:?}"),
    }
}

/// docs/limits.md: keepalive.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_fell_silent_is_let_go_and_a_quiet_one_stays() {
    let world = World::with(Plan {
        keepalive: 2,
        streams: 1,
        ..Plan::default()
    })
    .await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let mut quiet = sigtuna.watch("").await.expect("a stream");
    beat(&mut quiet).await;
    let silent = Silent::open(&world).await;
    let refused = solleftea.watch("").await.expect_err("its only place");
    assert_eq!(refused.reason, "TOO_MANY_STREAMS");
    let began = Instant::now();
    let mut next = wait_for("its place to be free", async || {
        solleftea.watch("").await.ok()
    })
    .await;
    println!("let go after {:?}", began.elapsed());
    beat(&mut next).await;
    // the socket is as it was; the service has left it
    assert!(silent.has_ended().await, "its stream goes on");
    // more than both limits without a word, and the stream is the same
    let announced = announcement(&solleftea, SIGTUNA.code, 0);
    solleftea.register(announced).await.expect("accepted");
    assert_eq!(quiet.notice().await.number, 1);
}

/// docs/limits.md: connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_never_closes_a_connection_is_alone_in_finding_no_more() {
    let world = World::with(Plan {
        connections: 4,
        ..Plan::default()
    })
    .await;
    let caller = |who| DirectoryServiceClient::new(world.endpoint(Some(who)).connect_lazy());
    let ask = async |caller: &DirectoryServiceClient<Channel>| {
        let answer = caller.clone().who_am_i(v1::WhoAmIRequest::default()).await;
        answer.map_err(Refused::from)
    };
    let mut kept = Vec::new();
    for _ in 0..4 {
        let caller = caller(SOLNA);
        ask(&caller).await.expect("let in");
        kept.push(caller);
    }
    let more = caller(SOLNA);
    let refused = ask(&more).await.expect_err("one too many");
    assert_eq!(refused.request_id, "", "an answer of the transport's");
    ask(&kept[0]).await.expect("what was let in stays");
    ask(&caller(SOLLEFTEA)).await.expect("another has its own");
    kept.pop();
    wait_for("its place to be free", async || ask(&more).await.ok()).await;
}

/// A client that watches an inbox and then does nothing any more: its socket is open, and nobody is behind it.
struct Silent {
    stream: tonic::Streaming<v1::WatchInboxResponse>,
    // of one thread: what is on it runs while somebody waits in it, and at no other time
    runtime: Runtime,
}

impl Silent {
    async fn open(world: &World) -> Self {
        let endpoint = world.endpoint(Some(SOLLEFTEA));
        let request = v1::WatchInboxRequest {
            municipality: "municipalities/2283".to_owned(),
            ..v1::WatchInboxRequest::default()
        };
        let opened = spawn_blocking(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let stream = runtime.block_on(async {
                let channel = endpoint.connect().await.expect("a connection");
                let opened = InboxServiceClient::new(channel).watch_inbox(request).await;
                opened.expect("a stream").into_inner()
            });
            Self { stream, runtime }
        });
        opened.await.expect("opened")
    }

    /// Wakes, and looks whether its stream has ended.
    async fn has_ended(self) -> bool {
        let Self {
            mut stream,
            runtime,
        } = self;
        let looks = spawn_blocking(move || {
            runtime.block_on(async {
                let end = async { while let Ok(Some(_)) = stream.message().await {} };
                timeout(MOST, end).await.is_ok()
            })
        });
        looks.await.expect("it wakes")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_delays_nobody_else() {
    let world = World::start().await;
    let endpoint = world
        .endpoint(Some(SOLLEFTEA))
        .initial_stream_window_size(WINDOW_BYTES);
    let mut hanging = Vec::new();
    for _ in 0..20 {
        let channel = endpoint.connect().await.expect("a connection");
        let request = v1::WatchInboxRequest {
            municipality: "municipalities/2283".to_owned(),
            function: String::new(),
            resume_token: String::new(),
        };
        let opened = InboxServiceClient::new(channel).watch_inbox(request).await;
        hanging.push(opened.expect("a stream").into_inner());
    }
    let sigtuna = world.party(SIGTUNA).await;
    let mut inbox = sigtuna.watch("").await.expect("a stream");
    inbox.backlog().await;
    let quiet = measure(&world, &mut inbox, 0..20).await;
    let flood = announcements(&world, "2283", 300).await;
    let (sent, loaded) = tokio::join!(
        register_all(&world, flood, |_| {}),
        measure(&world, &mut inbox, 20..60),
    );
    assert!(sent.iter().all(|one| one.answer.is_ok()));
    let after = measure(&world, &mut inbox, 60..80).await;
    println!("registered to notified, longest: quiet {quiet:?}, flood {loaded:?}, after {after:?}");
    for longest in [quiet, loaded, after] {
        assert!(longest < MOST, "{longest:?}");
    }
    // the one that hung finds all of it when it reads
    let first = hanging.first_mut().expect("one of them");
    let mut notices = 0;
    while notices < 300 {
        let message = first.message().await.expect("the stream lives");
        let item = message.and_then(|message| message.item).expect("an item");
        if let Item::Notice(notice) = item {
            notices += 1;
            assert_eq!(notice.number, notices);
        }
    }
}

/// docs/operation.md: the drain.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_far_behind_finds_why_its_stream_ended() {
    let mut world = World::start().await;
    let waiting = announcements(&world, "2283", 100).await;
    register_all(&world, waiting, |_| {}).await;
    let endpoint = world
        .endpoint(Some(SOLLEFTEA))
        .initial_stream_window_size(WINDOW_BYTES);
    let request = v1::WatchInboxRequest {
        municipality: "municipalities/2283".to_owned(),
        ..v1::WatchInboxRequest::default()
    };
    let channel = endpoint.connect().await.expect("a connection");
    let opened = InboxServiceClient::new(channel).watch_inbox(request).await;
    let mut slow = opened.expect("a stream").into_inner();
    // by the time that another has read it all, as much waits for this one as may
    let solleftea = world.party(SOLLEFTEA).await;
    let mut quick = solleftea.watch("").await.expect("a stream");
    assert_eq!(quick.backlog().await.len(), 100);
    let read_on = async {
        wait_for("the drain", async || {
            solleftea.who_am_i(v1::WhoAmIRequest::default()).await.err()
        })
        .await;
        loop {
            match slow.message().await {
                Ok(Some(_message)) => {}
                Ok(None) => panic!("ended without a reason"),
                Err(status) => return Refused::from(status).reason,
            }
        }
    };
    let (ended, reason) = tokio::join!(world.terminate(), read_on);
    assert_eq!(reason, "DRAINING");
    assert!(ended.success(), "{ended}");
}

/// Registers moves to Sigtuna one after the other: the longest time from the call to the notice.
async fn measure(world: &World, inbox: &mut Inbox, range: std::ops::Range<usize>) -> Duration {
    let served = world.served().await;
    let mut longest = Duration::ZERO;
    for each in range {
        let from = served.get(each / 5).expect("somebody is served");
        let request = announcement(from, "0191", each % 5);
        let began = Instant::now();
        from.register(request).await.expect("accepted");
        inbox.notice().await;
        longest = longest.max(began.elapsed());
    }
    longest
}
