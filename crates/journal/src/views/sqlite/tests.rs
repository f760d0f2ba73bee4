//! The file: a schema of a newer program is left alone.

use super::*;

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("views.db");
    drop(SqliteViews::open(&path).expect("views"));
    let connection = Connection::open(&path).expect("a connection");
    connection
        .pragma_update(None, "user_version", 999)
        .expect("set");
    let refused = SqliteViews::open(&path);
    assert!(matches!(refused, Err(OpenError::Newer(999))), "{refused:?}");
}
