//! Events and their stored form, one arm each way for every kind.

mod kind;
mod organisation;
mod read;
mod write;

pub use kind::kind;
pub(super) use read::from_wire;
pub(super) use write::to_wire;

use crate::generated::journal::v1::entry::Event as Wire;
