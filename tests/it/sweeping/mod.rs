//! What has ended is removed, by whichever replica comes first, and what lives stays: tables are as big
//! as what is alive, however many sign-ins there were.

mod plans;

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

use crate::{
    lifetimes::in_zone,
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        rounds,
    },
};
use vestibule::{
    features::setup::{self, Begun},
    jobs, mail,
    sessions::known_browsers,
};

/// Every table that grows when people come and go, but for the audit trail, which keeps 400 days.
const GROWING: [&str; 9] = [
    "users",
    "password_credentials",
    "sessions",
    "tower_sessions.session",
    "attempt_limits",
    "known_browsers",
    "mailed_links",
    "outbox",
    "email_replacements",
];

async fn sizes(app: &TestApp) -> BTreeMap<&'static str, i64> {
    let mut sizes = BTreeMap::new();
    for table in GROWING {
        sizes.insert(table, app.count(&format!("select count(*) from {table}")).await);
    }
    sizes
}

/// Both replicas at once, and what their postmen do now and then.
async fn sweep_at_both(first: &TestApp, second: &TestApp) {
    let swept = tokio::join!(first.sweep(), second.sweep());
    drop(swept);
    let mut connection = first.db.acquire().await.expect("a connection");
    while !mail::outbox::drop_expired(&mut connection).await.expect("the outbox").is_empty() {}
}

/// Makes everything older, as if the time had passed.
async fn let_pass(app: &TestApp, time: &str) {
    let columns = [
        ("users", &["created_at", "verify_by", "deletion_due_at"][..]),
        (
            "sessions",
            &["created_at", "last_seen_at", "authenticated_at", "idle_ends_at", "absolute_ends_at", "revoked_at"],
        ),
        ("tower_sessions.session", &["expiry_date"]),
        ("attempt_limits", &["full_at", "used_at"]),
        ("known_browsers", &["created_at", "last_used_at"]),
        ("mailed_links", &["created_at", "expires_at", "used_at"]),
        ("outbox", &["created_at", "due_at", "expires_at"]),
        ("email_replacements", &["replaced_at", "closed_at"]),
    ];
    for (table, columns) in columns {
        let shifts: Vec<_> = columns.iter().map(|column| format!("{column} = {column} - interval '{time}'")).collect();
        app.execute(&format!("update {table} set {}", shifts.join(", "))).await;
    }
}

/// A day with a thousand sign-ins, as the tables look when it is over: of `day`, for names of their own.
fn a_day(day: u32) -> String {
    format!(
        r"
        create temporary table day on commit drop as
        select n, gen_random_uuid() as id, 'day{day}-' || n as store, now() - interval '1 day' * random() as at,
            (select array_agg(id order by username) from users where username like 'owner%') as owners
        from generate_series(1, 1000) n;

        -- Of ten, four sign out, two are replaced by the next one, three are left alone, one is remembered.
        insert into sessions (id, user_id, store_id, created_at, last_seen_at, authenticated_at, aal, amr, address,
            user_agent, remembered, idle_ends_at, absolute_ends_at, revoked_at)
        select id, owners[1 + n % 20], store, at, at, at, 1, '{{pwd}}', '127.0.0.1', '', n % 10 = 9,
            at + case when n % 10 = 9 then interval '30 days' else interval '1 hour' end,
            at + case when n % 10 = 9 then interval '30 days' else interval '12 hours' end,
            case when n % 10 < 6 then least(at + interval '10 minutes', now()) end
        from day;
        insert into tower_sessions.session
        select store, '', at + case when n % 10 = 9 then interval '30 days' else interval '14 days' end from day
        -- Signing out takes the store's row with it.
        where n % 10 >= 4;

        -- Each from a network of its own; one of fifty guesses at a name, and five come from a browser that is known.
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5('network' || store), 'hex'), at + interval '6 seconds', 0, at from day;
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5('name' || store), 'hex'), at + interval '90 seconds', 1 + n % 7, at from day where n % 50 = 0;
        insert into known_browsers as b (user_id, digest, created_at, last_used_at)
        select distinct on (owners[1 + n % 20], n % 50) owners[1 + n % 20], sha256((n % 50)::text::bytea), at, at from day
        on conflict (user_id, digest) do update set last_used_at = excluded.last_used_at;

        insert into mailed_links (digest, purpose, user_id, address, created_at, expires_at, used_at)
        select sha256(store::bytea), 'recover', owners[1 + n % 20], 'o@example.com', at, at + interval '10 minutes',
            case when n % 40 = 0 then at + interval '1 minute' end
        from day where n % 20 = 0;
        insert into outbox (id, kind, user_id, address, language, created_at, due_at, expires_at)
        select id, 'of-a-newer-version', owners[1 + n % 20], 'o@example.com', 'en', at, at, at + interval '6 hours'
        from day where n % 100 = 0;
        insert into email_replacements (id, user_id, address, replaced_at)
        select id, owners[1 + n % 20], 'o@example.com', at from day where n % 100 = 0;

        -- One of twenty signs up and never comes back.
        insert into users (id, username, email, email_canonical, created_at, verify_by)
        select id, 'stray-{day}-' || n, 'stray@example.com', 'stray@example.com', at, at + interval '7 days'
        from day where n % 20 = 1;
        insert into password_credentials (user_id, password_hash, changed_at)
        select id, '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA', at from day where n % 20 = 1;
        "
    )
}

/// Twenty people, whom the days' sign-ins are of.
async fn with_owners(app: &TestApp) {
    app.execute(
        "insert into users (id, username, email, email_canonical, email_verified_at)
        select gen_random_uuid(), 'owner' || n, n || '@example.com', n || '@example.com', now() from generate_series(10, 29) n",
    )
    .await;
}

/// Who is still signed in in a minute: a count that stays the same while a sweep takes its time.
async fn live_in_a_minute(app: &TestApp) -> (String, i64) {
    let soon = "select (now() + interval '1 minute')::text";
    let soon: String = sqlx::query_scalar(soon).fetch_one(&app.db).await.expect("a time");
    let live = format!(
        "select count(*) from sessions s join tower_sessions.session t on t.id = s.store_id
        where least(idle_ends_at, absolute_ends_at, revoked_at, t.expiry_date) > '{soon}'"
    );
    let count = app.count(&live).await;
    (live, count)
}

#[tokio::test]
async fn f24_over_sixty_days_and_sixty_thousand_sign_ins_every_table_stays_flat() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    with_owners(&first).await;
    let (mut days, mut live_before) = (Vec::new(), 0);
    for day in 0..60 {
        let mut transaction = first.db.begin().await.expect("a transaction");
        sqlx::raw_sql(&a_day(day)).execute(&mut *transaction).await.expect("a day");
        transaction.commit().await.expect("a day");
        let (which, live) = live_in_a_minute(&first).await;
        sweep_at_both(&first, &second).await;
        assert_eq!(first.count(&which).await, live, "day {day}: who is signed in stays");
        // An hour, and a minute that the sweep may have taken since it looked.
        let ended = "select count(*) from sessions
            where least(idle_ends_at, absolute_ends_at, revoked_at) < now() - interval '61 minutes'";
        assert_eq!(first.count(ended).await, 0, "day {day}");
        assert!(live >= live_before || day > 29, "day {day}: {live_before} {live}");
        live_before = live;
        days.push(sizes(&first).await);
        let_pass(&first, "1 day").await;
    }
    for table in GROWING {
        // From the 31st day on as much ends as begins.
        let sizes: Vec<_> = days[31..].iter().map(|day| day[table]).collect();
        let (least, most) = (sizes.iter().min().expect("days"), sizes.iter().max().expect("days"));
        assert!(most - least <= 60 + least / 20, "{table}: {sizes:?}");
        assert!(*most < 6000, "{table}: {sizes:?}");
    }
    // Nobody comes any more.
    let_pass(&first, "401 days").await;
    sweep_at_both(&first, &second).await;
    let left: Vec<_> = sizes(&first).await.into_iter().filter(|(_, rows)| *rows > 0).collect();
    assert_eq!(left, [("users", 20)]);
}

#[tokio::test]
async fn f24_two_sweepers_at_once_leave_what_counts_and_nothing_else() {
    let app = TestApp::start().await;
    let second = app.replica().await;
    let mut owner = app.person("alice").await;
    app.execute(
        r"
        delete from attempt_limits;
        insert into attempt_limits (key, full_at, failures, used_at)
        select decode(md5(kind || n), 'hex'), full_at, failures, used_at
        from generate_series(1, 6000) n, (values
            ('full again', now() - interval '1 second', 0, now()),
            ('long ago', now() - interval '31 days', 7, now() - interval '31 days'),
            ('still counts', now() - interval '1 day', 7, now() - interval '29 days'),
            ('capped', now() - interval '1 day', 100, now() - interval '29 days'),
            ('in use', now() + interval '1 hour', 0, now())) kinds (kind, full_at, failures, used_at);

        insert into tower_sessions.session select 'store' || n, '', now() + interval '1 day' * (case when n <= 6000 then -1 else 1 end)
        from generate_series(1, 9000) n;
        insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at, revoked_at)
        select gen_random_uuid(), u.id, 'store' || n, 1, '{pwd}', '127.0.0.1', '', false, idle, absolute, revoked
        from users u, generate_series(1, 9000) n, lateral (select
            case when n % 3 = 0 then now() - interval '2 days' else now() + interval '1 hour' end idle,
            case when n % 3 = 0 then now() - interval '1 hour' else now() + interval '2 hours' end absolute,
            case when n % 3 = 1 then now() - interval '25 hours' end revoked) ends;
        insert into known_browsers (user_id, digest, created_at, last_used_at)
        select id, sha256(n::text::bytea), now(), now() - interval '1 day' * (case when n <= 3000 then 401 else 399 end)
        from users, generate_series(1, 6000) n;
        ",
    )
    .await;
    let (one, other) = tokio::join!(app.sweep(), second.sweep());
    assert_eq!(one.count("attempt_limits") + other.count("attempt_limits"), 12_000);
    assert_eq!(one.count("sessions") + other.count("sessions"), 6000);
    assert_eq!(one.count("known_browsers") + other.count("known_browsers"), 3000);
    assert_eq!(app.count("select count(*) from attempt_limits").await, 18_000);
    // The owner's own are there beside the planted ones.
    assert_eq!(app.count("select count(*) from sessions").await, 3001);
    // What the store had of them went too; of its expired rows those of live sessions stay.
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 3001);
    assert_eq!(app.count("select count(*) from known_browsers").await, 3001);
    assert_eq!(owner.get("/dashboard").await.status, 200);
    assert_eq!(app.sweep().await, jobs::Swept::default());
}

#[tokio::test]
async fn f24_real_sign_ins_with_sweeps_in_between_leave_what_is_live() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let names = ["alice", "robert", "carol"];
    for name in names {
        first.sign_up(name).await;
    }
    let mut homes: Vec<Browser> = names.iter().map(|_| second.browser()).collect();
    let mut in_the_end = Vec::new();
    let rounds = rounds(120, 360);
    for n in 0..rounds {
        let (who, app) = (n % 3, if n % 2 == 0 { &first } else { &second });
        match n / 3 % 3 {
            // At home, again and again.
            0 => {
                let home = &mut homes[who];
                home.to = app.address;
                home.cookies.remove("vestibule");
                assert_eq!(sign_in(home, names[who], PASSWORD).await.status, 303, "{n}");
            }
            // From somewhere new, and out again.
            1 => {
                let mut browser =
                    app.browser().at(Ipv4Addr::new(127, 64, 0, u8::try_from(n % 200 + 1).expect("small")));
                assert_eq!(sign_in(&mut browser, names[who], PASSWORD).await.status, 303, "{n}");
                assert_eq!(browser.submit("/logout", &[]).await.status, 303);
            }
            // From somewhere new, and forgotten.
            _ => in_the_end.push(app.signed_in(names[who]).await),
        }
        if n % 60 == 59 {
            let_pass(&first, "2 hours 10 minutes").await;
            sweep_at_both(&first, &second).await;
            assert_eq!(first.count("select count(*) from sessions").await, 0, "{n}");
            assert_eq!(first.count("select count(*) from tower_sessions.session").await, 0, "{n}");
            in_the_end.clear();
        }
    }
    let last: Vec<_> = names.iter().map(|name| first.signed_in(name)).collect();
    for browser in last {
        in_the_end.push(browser.await);
    }
    sweep_at_both(&first, &second).await;
    for browser in &mut in_the_end {
        assert!(is_signed_in(browser).await);
    }
    let sizes = sizes(&first).await;
    assert_eq!((sizes["sessions"], sizes["tower_sessions.session"], sizes["users"]), (3, 3, 3), "{sizes:?}");
    assert!(sizes["known_browsers"] <= 3 * known_browsers::BROWSERS_MAX, "{sizes:?}");
    assert!(sizes["attempt_limits"] <= 10 && sizes["mailed_links"] <= 3 && sizes["outbox"] == 0, "{sizes:?}");
    let trail = first.count("select count(*) from audit_events where kind = 'signed_in'").await;
    assert_eq!(usize::try_from(trail).expect("a count"), rounds + 3, "the trail keeps all");
}

#[tokio::test]
async fn f24_a_sweep_that_dies_halfway_is_finished_by_the_next() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    with_owners(&first).await;
    for after in [1, 3, 6, 12, 25] {
        first
            .execute(
                "insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at)
                select gen_random_uuid(), u.id, gen_random_uuid()::text, 1, '{pwd}', '127.0.0.1', '', false,
                    now() - interval '2 hours', now() from users u, generate_series(1, 300) n",
            )
            .await;
        let quarantine =
            jobs::sweep_within(&first.state, &jobs::sweeps(vestibule::app::SLICES), Duration::from_millis(after)).await;
        assert!(quarantine.is_ok(), "{quarantine:?}");
        // What the dead one still holds for a moment is skipped, and found by the next round.
        for _ in 0..500 {
            second.sweep().await;
            if first.count("select count(*) from sessions").await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(first.count("select count(*) from sessions").await, 0, "killed after {after} ms");
    }
}

/// T5: whatever zone the server thinks it is in.
#[tokio::test]
async fn t5_the_zone_of_the_server_neither_keeps_nor_removes_what_waits_for_its_day() {
    for zone in ["Pacific/Auckland", "America/Los_Angeles", "UTC"] {
        let app = in_zone(zone).await;
        with_owners(&app).await;
        app.execute(
            "create temporary view ages as select * from (values ('due', interval '30 minutes'), ('not yet', interval '-30 minutes')) v (name, age);
            insert into users (id, username, email, email_canonical, verify_by) select gen_random_uuid(), 'stray' || length(name), name || '@x.example', name || '@x.example', now() - age from ages;
            insert into attempt_limits (key, full_at, failures) select decode(md5(name), 'hex'), now() - age, 0 from ages;
            insert into attempt_limits (key, full_at, failures, used_at) select decode(md5(name || '2'), 'hex'), now() - interval '20 days', 4, now() - interval '30 days' - age from ages;
            insert into known_browsers (user_id, digest, created_at, last_used_at) select u.id, sha256(name::bytea), now(), now() - interval '400 days' - age from ages, users u where username = 'owner10';
            insert into mailed_links (digest, purpose, user_id, address, expires_at) select sha256(name::bytea), 'recover', u.id, 'o@example.com', now() - interval '1 day' - age from ages, users u where username = 'owner10';
            insert into email_replacements (id, user_id, address, replaced_at) select gen_random_uuid(), u.id, 'o@example.com', now() - interval '14 days' - age from ages, users u where username = 'owner10';
            insert into outbox (id, kind, address, language, expires_at) select gen_random_uuid(), 'of-a-newer-version', name, 'en', now() - age from ages;
            insert into tower_sessions.session select name, '', now() - age from ages;",
        )
        .await;
        sweep_at_both(&app, &app).await;
        let sizes = sizes(&app).await;
        let left: Vec<_> = GROWING[3..].iter().map(|table| sizes[table]).collect();
        assert_eq!((sizes["users"], left), (21, vec![1, 2, 1, 1, 1, 1]), "{zone}: {sizes:?}");
    }
    for zone in ["Pacific/Auckland", "America/Los_Angeles"] {
        let app = in_zone(zone).await;
        let Begun::Issued(secret) = setup::begin(&app.state).await.expect("a start") else { panic!("no link") };
        let opened = async || {
            let mut browser = app.browser();
            browser.get(&format!("/setup?token={}", secret.reveal())).await;
            browser.get("/setup").await.status
        };
        let_pass(&app, "59 minutes").await;
        assert_eq!(opened().await, 200, "{zone}");
        let_pass(&app, "2 minutes").await;
        assert_eq!(opened().await, 410, "{zone}");
    }
}
