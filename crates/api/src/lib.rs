//! The wire: both protobuf packages, `flyttbud.v1` and `journal.v1`, and every conversion between them and
//! the domain.
//!
//! Invariant: what comes from outside is parsed here, once; inside, types carry the proof.

pub mod chain;
pub mod generated;
pub mod methods;
pub mod parse;
pub mod record;
pub mod status;
pub mod time;

pub use generated::flyttbud::v1;
