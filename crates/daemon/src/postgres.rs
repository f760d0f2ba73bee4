//! Speaking to PostgreSQL: settings, connections that are proven safe, a pool of them, versions of a schema. What
//! is said to a database is its room's to know.

mod checks;
mod error;
mod gathered;
mod link;
mod pool;
mod schema;
mod settings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use checks::tell_of_standby;
pub use error::{ConnectError, LinkError};
pub use gathered::{Gathered, Refused, Unanswered};
pub use link::{Link, Proof};
pub use pool::{Links, Pool};
pub use schema::Schema;
pub use settings::Settings;
