//! What the tests stand on. Nothing here knows what a test expects.

mod apart;
mod certificate;
mod gate;
pub mod history;
mod inbox;
mod memory;
mod party;
mod program;
mod request;
mod scan;
mod service;
mod tap;
mod tree;
mod witness;
mod world;

pub use apart::Apart;
pub use certificate::{
    ANALYST, BOTH, FEED, FEED_THERE, FEEDS, HEBY, KEEPER, LOST, OPERATOR, Organisation, REVIEWER,
    REVIEWER_THERE, SHARED, SIGTUNA, SOLLEFTEA, SOLNA, STRANGER, VENDOR, WATCH,
};
pub use gate::Gate;
pub use inbox::{Inbox, verify};
pub use memory::{InMemory, Memory, memory};
pub use party::{Party, outcome};
pub use program::{flyttbud, run};
pub use request::{
    PERSONS, announcement, announcement_of, arrival, arrival_of, checked, consent, contact,
    function, function_of, granted_to, marked, person, today,
};
pub use scan::{Canary, Needles, Scan, scan};
pub use tap::Tap;
pub use tree::Tree;
pub use witness::Witness;
pub use world::{Plan, World, eventually, make_log_key, settle, wait_for};
