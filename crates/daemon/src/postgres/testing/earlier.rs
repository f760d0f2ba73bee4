//! A store as an earlier version of the program left it: for tests of what a migration makes of rows that are there.

use super::{Database, TestingError};
use crate::postgres::Schema;

/// Where the rows stand while the earlier schema is made.
const ASIDE: &str = "aside";

impl Database {
    /// Takes a schema back to an earlier version, with every row and value that had a place there. What was added since
    /// is gone.
    pub async fn take_back(&self, schema: &Schema, version: usize) -> Result<(), TestingError> {
        let name = schema.name;
        let superuser = self.client("postgres").await?;
        let aside = format!("ALTER SCHEMA {name} RENAME TO {ASIDE}");
        superuser.batch_execute(&aside).await?;
        let migrations = schema.migrations.get(..version);
        let earlier = Schema {
            name,
            migrations: migrations.unwrap_or(schema.migrations),
        };
        earlier.migrate(&self.owner()).await?;
        // whatever a table's own rows were, and in whichever order tables refer to each other
        let carried = format!(
            "SET session_replication_role = replica;
            DO $$
            DECLARE
                carried record;
            BEGIN
                FOR carried IN
                    SELECT o.table_name AS name, string_agg(quote_ident(o.column_name), ', ') AS columns
                    FROM information_schema.tables AS t
                    JOIN information_schema.columns AS o USING (table_schema, table_name)
                    JOIN information_schema.columns AS n
                        ON n.table_schema = '{ASIDE}'
                        AND (n.table_name, n.column_name) = (o.table_name, o.column_name)
                    WHERE t.table_schema = '{name}' AND t.table_type = 'BASE TABLE'
                        AND t.table_name <> 'schema'
                    GROUP BY o.table_name
                LOOP
                    EXECUTE format('DELETE FROM {name}.%I', carried.name);
                    EXECUTE format(
                        'INSERT INTO {name}.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM {ASIDE}.%1$I',
                        carried.name, carried.columns
                    );
                END LOOP;
                -- numbers go on behind those that were given
                FOR carried IN
                    SELECT table_name AS name, column_name AS columns FROM information_schema.columns
                    WHERE table_schema = '{name}' AND is_identity = 'YES'
                LOOP
                    EXECUTE format(
                        'SELECT setval(pg_get_serial_sequence(''{name}.%1$I'', ''%2$I''), \
                         1 + (SELECT coalesce(max(%2$I), 0) FROM {name}.%1$I), false)',
                        carried.name, carried.columns
                    );
                END LOOP;
            END $$;
            DROP SCHEMA {ASIDE} CASCADE"
        );
        superuser.batch_execute(&carried).await?;
        Ok(())
    }
}
