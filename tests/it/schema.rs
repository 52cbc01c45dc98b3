//! The schema: one result however it is reached, and no more rights than the service needs.

mod kinds;
mod reach;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use embedded_postgres::{Durability, Server, Settings};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _, postgres::PgConnectOptions};
use vestibule::{
    MIGRATOR,
    db::{self, MigrateError},
};

use crate::support::{
    app::{TestApp, is_signed_in},
    cluster::{TestDatabase, empty_database},
};

/// Everything that makes two schemas differ, one line each.
const CATALOG: &str = r"
    select line from (
        select 'schema ' || nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'
        union all
        select format('column %s.%s.%s %s %s not null %s default %s collation %s', n.nspname, c.relname, a.attname, a.attnum,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation)
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'p', 'c', 'S')
            and n.nspname !~ '^(pg_|information_schema)'
        union all
        select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
        where connamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select indexdef from pg_indexes where schemaname !~ '^(pg_|information_schema)'
        union all
        select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) from pg_class c
        where c.relkind = 'v' and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all
        select format('function %s %s', oid::regprocedure, prosrc) from pg_proc
        where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select 'extension ' || extname from pg_extension
    ) lines (line)
    where line not like '%\_sqlx\_migrations%'
    order by convert_to(line, 'UTF8')
";

async fn catalog(connection: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(CATALOG).fetch_all(connection).await.expect("the catalog");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_files_alone_in_their_order_make_the_same_schema_as_the_service() {
    let (by_service, by_hand, by_sqlx) = (empty_database().await, empty_database().await, empty_database().await);
    db::migrate(&by_service.options).await.expect("a migrated database");
    let mut by_hand = by_hand.options.connect().await.expect("a connection");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert_eq!(files.len(), MIGRATOR.iter().count(), "each file is in the binary");
    for (file, migration) in files.iter().zip(MIGRATOR.iter()) {
        let text = fs::read_to_string(file).expect("a migration");
        assert_eq!(text, migration.sql, "{}: build again", file.display());
        by_hand.execute(&*text).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let mut by_sqlx = by_sqlx.options.connect().await.expect("a connection");
    MIGRATOR.run_direct(&mut by_sqlx).await.expect("the migrations");
    let mut by_service = by_service.options.connect().await.expect("a connection");
    let wanted = catalog(&mut by_service).await;
    for table in ["users", "sessions", "tower_sessions.session", "attempt_limits", "known_browsers"] {
        assert!(wanted.iter().any(|line| line.starts_with(&format!("constraint {table} "))), "{table} in {wanted:#?}");
    }
    assert_eq!(catalog(&mut by_hand).await, wanted);
    assert_eq!(catalog(&mut by_sqlx).await, wanted);
    // And whoever ran `sqlx migrate run` needs no second run.
    assert!(db::is_current(&mut by_sqlx).await.expect("the schema"));
    for connection in [by_hand, by_sqlx, by_service] {
        connection.close().await.expect("closing a connection");
    }
}

#[tokio::test]
async fn constraints_have_names_of_their_own() {
    let database = empty_database().await;
    db::migrate(&database.options).await.expect("a migrated database");
    let mut connection = database.options.connect().await.expect("a connection");
    // What PostgreSQL names by itself ends like this, with the column of a reference; our own say what they are for.
    let unnamed: Vec<String> = sqlx::query_scalar(
        r"select conrelid::regclass || ' ' || conname from pg_constraint
        where connamespace in ('public'::regnamespace, 'tower_sessions'::regnamespace)
            and contype <> 'n' and conname ~ '_(check|key|id_fkey)\d*$'
            and conrelid <> '_sqlx_migrations'::regclass",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the constraints");
    assert_eq!(unnamed, Vec::<String>::new());
}

#[tokio::test]
async fn every_table_and_column_has_a_comment() {
    let database = empty_database().await;
    db::migrate(&database.options).await.expect("a migrated database");
    let mut connection = database.options.connect().await.expect("a connection");
    let silent: Vec<String> = sqlx::query_scalar(
        r"select c.oid::regclass || coalesce('.' || a.attname, '')
        from pg_class c
        cross join lateral (
            select 0 as attnum, null as attname
            union all
            select attnum, attname from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
        ) a
        where c.relkind in ('r', 'v') and c.relnamespace in ('public'::regnamespace, 'tower_sessions'::regnamespace)
            and c.oid <> '_sqlx_migrations'::regclass
            and coalesce(btrim(case a.attnum when 0 then obj_description(c.oid, 'pg_class')
                else col_description(c.oid, a.attnum) end), '') = ''
        order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the comments");
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn the_view_of_factors_counts_only_what_an_account_can_use_now() {
    let database = empty_database().await;
    db::migrate(&database.options).await.expect("a migrated database");
    let mut connection = database.options.connect().await.expect("a connection");
    connection
        .execute(
            "insert into users (id, username, email, email_canonical)
            select gen_random_uuid(), name, name || '@example.com', name || '@example.com'
            from unnest(array['alice', 'bare']) as names (name);
            insert into password_credentials (user_id, password_hash)
            select id, '$argon2id$v=19$' from users where username = 'alice';
            insert into totp_factors (id, user_id, name, seed, confirmed_at)
            select gen_random_uuid(), id, 'app', '', case when n < 2 then now() end
            from users, generate_series(1, 3) n where username = 'alice';
            insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up)
            select gen_random_uuid(), id, 'key', sha256(n::text::bytea), '{}', false, false
            from users, generate_series(1, 2) n where username = 'alice';
            insert into recovery_codes (digest, user_id, used_at)
            select sha256(n::text::bytea), id, case when n < 4 then now() end
            from users, generate_series(1, 10) n where username = 'alice'",
        )
        .await
        .expect("two accounts");
    let counted: Vec<(String, bool, i64, i64, i64, bool)> = sqlx::query_as(
        "select username, password, totp, passkeys, recovery_codes, second
        from account_factors join users on users.id = user_id order by username",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the factors");
    assert_eq!(counted, [("alice".to_owned(), true, 1, 2, 7, true), ("bare".to_owned(), false, 0, 0, 0, false)]);
}

/// A migrated database after one statement, and a connection to it.
async fn changed(change: &str) -> (TestDatabase, PgConnection) {
    let database = empty_database().await;
    db::migrate(&database.options).await.expect("a migrated database");
    let mut connection = database.options.connect().await.expect("a connection");
    connection.execute(change).await.unwrap_or_else(|error| panic!("{change}: {error}"));
    (database, connection)
}

/// A migration that this version does not have.
const OF_THE_FUTURE: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
    values (29991231000000, 'of the future', true, '', 0)";

#[tokio::test]
async fn an_incompatible_or_an_edited_schema_is_refused_in_clear_words() {
    let contracted = format!("{OF_THE_FUTURE}; update schema_compatibility set oldest_compatible = '9.9.9'");
    let from_before = "delete from _sqlx_migrations; insert into _sqlx_migrations values
        (20261123000100, 'accounts users', now(), true, '', 0), (20261123000200, 'passwords', now(), true, '', 0)";
    for (change, wanted) in [
        (contracted.as_str(), "migrated by a newer Vestibule and needs version 9.9.9 or later"),
        ("update _sqlx_migrations set checksum = 'edited' where version = 20261201000300", "different content"),
        (
            from_before,
            "this database was created by a Vestibule from before 0.1.0, whose schema cannot be upgraded; \
             start with a new database (see CHANGELOG.md)",
        ),
    ] {
        let (database, mut connection) = changed(change).await;
        let before = catalog(&mut connection).await;
        let error = db::migrate(&database.options).await.expect_err(change);
        assert!(
            matches!(
                &error,
                MigrateError::Newer(_) | MigrateError::Changed(20_261_201_000_300) | MigrateError::BeforeFirstRelease
            ),
            "{error:?}"
        );
        assert!(error.to_string().contains(wanted), "{error}");
        let error = db::is_current(&mut connection).await.expect_err(change);
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(catalog(&mut connection).await, before, "nothing was touched");
        connection.close().await.expect("closing a connection");
    }
}

#[tokio::test]
async fn a_schema_with_newer_migrations_is_accepted_while_it_supports_this_version() {
    let this = env!("CARGO_PKG_VERSION");
    for change in [
        OF_THE_FUTURE.to_owned(),
        format!("{OF_THE_FUTURE}; update schema_compatibility set oldest_compatible = '{this}'"),
        format!("{OF_THE_FUTURE}; update schema_compatibility set oldest_compatible = '0.0.9'"),
    ] {
        let (database, mut connection) = changed(&change).await;
        assert!(db::is_current(&mut connection).await.expect("the schema"), "{change}");
        db::migrate(&database.options).await.unwrap_or_else(|error| panic!("{change}: {error}"));
        // What is missing of this version's is still applied.
        connection
            .execute("drop table email_replacements; delete from _sqlx_migrations where version = 20261201001100")
            .await
            .expect("a schema without its last migration");
        assert!(!db::is_current(&mut connection).await.expect("the schema"), "{change}");
        db::migrate(&database.options).await.unwrap_or_else(|error| panic!("{change}: {error}"));
        assert!(db::is_current(&mut connection).await.expect("the schema"), "{change}");
        connection.close().await.expect("closing a connection");
    }
}

#[tokio::test]
async fn a_replica_that_waited_for_a_newer_ones_migrations_refuses_what_they_made() {
    // Nothing is missing but the last migration, which raises the bar while it is applied.
    let (database, connection) = changed(
        "drop table email_replacements; delete from _sqlx_migrations where version = 20261201001100;
        create function raise_bar() returns trigger language plpgsql as
            'begin update schema_compatibility set oldest_compatible = ''9.9.9''; return null; end';
        create trigger raise_bar after insert on _sqlx_migrations execute function raise_bar()",
    )
    .await;
    let error = db::migrate(&database.options).await.expect_err("an incompatible schema");
    assert!(matches!(&error, MigrateError::Newer(oldest) if oldest == "9.9.9"), "{error:?}");
    connection.close().await.expect("closing a connection");
}

#[tokio::test]
async fn the_compatibility_of_a_schema_is_one_row_with_a_version() {
    let (_database, mut connection) = changed("select 1").await;
    let oldest: Vec<String> = sqlx::query_scalar("select oldest_compatible from schema_compatibility")
        .fetch_all(&mut connection)
        .await
        .expect("the row");
    assert_eq!(oldest, ["0.1.0"]);
    for refused in [
        "insert into schema_compatibility (oldest_compatible) values ('0.2.0')",
        "insert into schema_compatibility (only_row, oldest_compatible) values (false, '0.2.0')",
        "update schema_compatibility set oldest_compatible = 'the last one'",
        "update schema_compatibility set oldest_compatible = '1.2'",
    ] {
        connection.execute(refused).await.expect_err(refused);
    }
    connection.close().await.expect("closing a connection");
}

/// A server of this test's own, because making a role is the superuser's affair.
async fn own_server(folder: &tempfile::TempDir) -> Server {
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("an open folder");
    let settings = Settings {
        bin_dir: std::env::var_os("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
        path: std::env::var_os("PATH"),
        durability: Durability::Throwaway,
        ..Settings::new(folder.path().join("data/postgres"), "vestibule")
    };
    Server::start(&settings).await.unwrap_or_else(|error| panic!("the test server: {error}"))
}

async fn execute(options: &PgConnectOptions, statement: &str) -> sqlx::Result<()> {
    let mut connection = options.connect().await.expect("a connection");
    let done = connection.execute(statement).await.map(drop);
    connection.close().await.expect("closing a connection");
    done
}

fn is_denied(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "42501")
}

#[tokio::test]
async fn asvs_13_2_2_the_service_runs_as_a_role_that_cannot_change_the_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = own_server(&folder).await;
    let (owner, admin) = (server.connect_options(), server.superuser_options());
    execute(&admin, "create role app login nosuperuser nocreatedb nocreaterole").await.expect("a role");
    let app_role = owner.clone().username("app");
    // Before anybody migrated: said in clear words, and nothing is made.
    let refused = db::migrate(&app_role).await.expect_err("no right to migrate");
    assert!(matches!(refused, MigrateError::NotAllowed(_)), "{refused:?}");
    assert!(refused.to_string().contains("vestibule migrate"), "{refused}");
    db::migrate(&owner).await.expect("a migrated database");
    let grants = "
        grant usage on schema public, tower_sessions to app;
        grant select, insert, update, delete on all tables in schema public, tower_sessions to app;
        revoke insert, update, delete on _sqlx_migrations from app";
    execute(&owner, grants).await.expect("the grants");
    db::migrate(&app_role).await.expect("a current schema is only looked at");
    let app = TestApp::on(app_role.clone(), &[]).await;
    let mut person = app.person("alice").await;
    assert_eq!(person.get("/dashboard").await.status, 200);
    assert_eq!(person.get("/readyz").await.status, 200);
    app.execute("update sessions set last_seen_at = now() - interval '5 minutes'").await;
    assert!(is_signed_in(&mut person).await);
    app.execute(
        "insert into tower_sessions.session values ('old', '', now() - interval '1 day');
        insert into attempt_limits values ('0123456789abcdef', now() - interval '1 day', 0)",
    )
    .await;
    let swept = app.sweep().await;
    assert_eq!((swept.count("browser_sessions"), swept.count("attempt_limits") > 0), (1, true));
    assert_eq!(app.signed_in("alice").await.submit("/logout", &[]).await.status, 303);
    vestibule::features::admin::disable(&app.operator(), app.id("alice").await).await.expect("alice");
    vestibule::features::admin::enable(&app.operator(), app.id("alice").await).await.expect("alice");
    assert!(!is_signed_in(&mut person).await);
    for forbidden in [
        "create table public.mine ()",
        "create table tower_sessions.mine ()",
        "create schema mine",
        "alter table users add column mine text",
        "drop table sessions",
        "truncate users",
        "delete from _sqlx_migrations",
    ] {
        let error = execute(&app_role, forbidden).await.expect_err(forbidden);
        assert!(is_denied(&error), "{forbidden}: {error}");
    }
    app.db.close().await;
    server.stop().await.expect("the server's end");
}
