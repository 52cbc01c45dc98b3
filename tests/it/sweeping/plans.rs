//! How the database finds what is to be removed.

use crate::support::app::TestApp;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use vestibule::{jobs, sessions};

/// How often this table was read from end to end, as this connection's server process reports now.
async fn full_scans(connection: &mut PgConnection, table: &str) -> i64 {
    sqlx::query("select pg_stat_force_next_flush()").execute(&mut *connection).await.expect("a flush");
    sqlx::query_scalar("select sum(seq_scan)::int8 from pg_stat_user_tables where schemaname || '.' || relname = $1")
        .bind(table)
        .fetch_one(connection)
        .await
        .expect("statistics")
}

#[tokio::test]
async fn f24_no_sweep_reads_a_big_table_from_end_to_end() {
    let app = TestApp::start().await;
    // Without the limits that the service's own connections have.
    let mut filling = app.options.connect().await.expect("a connection");
    sqlx::raw_sql(
        r"
        insert into users (id, username, email, email_canonical, email_verified_at, verify_by)
        select gen_random_uuid(), 'user' || n, n || '@example.com', n || '@example.com', case when n > 50 then now() end,
            case when n <= 50 then now() - interval '1 second' end
        from generate_series(1, 30000) n;
        insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at, revoked_at)
        select gen_random_uuid(), id, username || '-' || n, 1, '{pwd}', '127.0.0.1', '', false, now() + interval '1 hour',
            now() + interval '12 hours', case when random() < 0.03 then now() - interval '2 hours' end
        from users, generate_series(1, 4) n;
        insert into tower_sessions.session
        select store_id, '', now() + interval '1 day' * case when random() < 0.03 then -1 else 1 end from sessions;
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5(kind || n), 'hex'), full_at, failures, used_at from generate_series(1, 10000) n, (values
            ('in use', now() + interval '1 hour', 0, now()), ('still counts', now() - interval '1 day', 7, now()),
            ('and this', now() - interval '1 day', 3, now() - interval '20 days')) k (kind, full_at, failures, used_at);
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5('over' || n), 'hex'), now() - interval '40 days', n % 2, now() - interval '40 days'
        from generate_series(1, 3000) n;
        insert into known_browsers (user_id, digest, created_at, last_used_at)
        select id, sha256('b'), now(), now() - interval '1 day' * case when random() < 0.03 then 401 else 20 end from users;
        insert into mailed_links (digest, purpose, user_id, address, expires_at)
        select sha256(username::bytea), 'verify', id, email, now() + interval '1 day' * case when random() < 0.03 then -2 else 1 end
        from users where email_verified_at is not null;
        insert into email_replacements (id, user_id, address, replaced_at)
        select id, id, email, now() - interval '1 day' * case when random() < 0.03 then 20 else 1 end from users;
        analyze;
        ",
    )
    .execute(&mut filling)
    .await
    .expect("full tables");
    filling.close().await.expect("closing a connection");
    let tables = [
        "public.users",
        "public.sessions",
        "tower_sessions.session",
        "public.attempt_limits",
        "public.known_browsers",
        "public.mailed_links",
        "public.email_replacements",
    ];
    let mut config = app.state.config.clone();
    config.database.connections = 1;
    let secrets = vestibule::config::Secrets::given_or_kept(&config.secrets, &config.data_dir).expect("secrets");
    let state = vestibule::app::state(config, &secrets, &app.options).expect("a service");
    let one_by_one = state.db.clone();
    // With a few thousand due, and with none.
    for due in [true, false] {
        let mut before = Vec::new();
        let mut connection = one_by_one.acquire().await.expect("a connection");
        let cookie: String = sqlx::query_scalar("select store_id from sessions where revoked_at is null limit 1")
            .fetch_one(&mut *connection)
            .await
            .expect("a session");
        for table in tables {
            before.push(full_scans(&mut connection, table).await);
        }
        // What every request asks.
        let live = sessions::find_live(&mut connection, &[cookie], &[]).await.expect("an answer");
        assert_eq!(live.len(), 1);
        drop(connection);
        let swept = jobs::sweep(&state, &jobs::sweeps(vestibule::app::SLICES)).await.expect("a sweep");
        let mut connection = one_by_one.acquire().await.expect("a connection");
        for (table, before) in tables.iter().zip(before) {
            assert_eq!(full_scans(&mut connection, table).await, before, "{table}, due: {due}");
        }
        let removed = [
            swept.count("sessions"),
            swept.count("attempt_limits"),
            swept.count("known_browsers"),
            swept.count("mailed_links"),
            swept.count("email_replacements"),
        ];
        assert!(removed.iter().all(|removed| (*removed > 700) == due), "{swept:?}");
        assert_eq!(
            (swept.count("unverified accounts"), swept.count("browser_sessions")),
            if due { (50, swept.count("browser_sessions")) } else { (0, 0) }
        );
    }
    let live = app.count("select count(*) from sessions where revoked_at is null").await;
    assert_eq!(app.count("select count(*) from sessions").await, live);
    assert!((110_000..119_000).contains(&live), "{live}");
}
