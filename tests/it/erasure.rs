//! What is left of an account when its day has come, or when nobody showed its address in time.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    deletion::{UNDO, leave},
    email_change::{ask, change},
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        letters::{all_delivered, follow, link_of, press},
        race::race,
    },
};
use sqlx::Row as _;
use vestibule::{
    accounts::links::Purpose,
    audit,
    features::deletion::{drop_unverified, erase_due},
};

/// Every text of every table that holds one of these words.
async fn traces(app: &TestApp, words: &[&str]) -> BTreeSet<String> {
    let columns = sqlx::query(
        "select table_schema || '.' || table_name, column_name from information_schema.columns
        where table_schema in ('public', 'tower_sessions')",
    );
    let mut found = BTreeSet::new();
    for column in columns.fetch_all(&app.db).await.expect("the columns") {
        let (table, column): (String, String) = (column.get(0), column.get(1));
        // The mailbox of a development machine stands for people's own.
        if table == "public.dev_mailbox" {
            continue;
        }
        for word in words {
            let query = format!(
                "select count(*) from {table} where position(lower('{word}') in lower(\"{column}\"::text)) > 0"
            );
            if app.count(&query).await > 0 {
                found.insert(format!("{table}.{column}: {word}"));
            }
        }
    }
    found
}

#[tokio::test]
async fn after_the_erasure_nothing_anywhere_names_the_person() {
    let app = TestApp::start().await;
    app.sign_up("minji").await;
    app.sign_up("robert").await;
    let agent = "A browser of Minji's own make";
    let mut minji = app.browser().with("User-Agent", agent).at("127.99.7.3".parse().expect("an address"));
    assert_eq!(sign_in(&mut minji.clone(), "minji", "not the password").await.status, 422);
    assert_eq!(sign_in(&mut minji, "minji", PASSWORD).await.status, 303);
    app.execute("update users set display_name = 'Kim Minji', language = 'ko' where username = 'minji'").await;
    change(&app, &mut minji, "Minji.Kim@example.org").await;
    ask(&mut minji, "kim.minji@example.net").await;
    let id: uuid::Uuid =
        sqlx::query_scalar("select id from users where username = 'minji'").fetch_one(&app.db).await.expect("minji");
    // Three letters alone stand in every other hash.
    let words = ["minji", "kim@example", "127.99.7.3", "A browser of Minji"];
    assert!(traces(&app, &words).await.len() > 5);
    leave(&mut minji).await;
    all_delivered(&app).await;
    // Somebody asks for a way back in, under both of the names, while mail is at a standstill.
    let asked = "insert into outbox (id, kind, address, language, due_at, expires_at)
        select gen_random_uuid(), 'recover', name, 'en', now() + interval '1 hour', now() + interval '1 day'
        from (values ('minji'), ('minji.kim@example.org'), ('robert')) names (name)";
    app.execute(asked).await;
    app.execute("update users set deletion_due_at = now() - interval '1 second' where username = 'minji'").await;

    assert_eq!(app.sweep().await.count("erased accounts"), 1);
    let letter = last_letter(&app, "Minji.Kim@example.org").await;
    assert!(letter.contains("minji") && letter.contains("삭제"), "in their language: {letter}");
    assert_eq!(traces(&app, &words).await, BTreeSet::new());
    // What stays: that things happened, under a number.
    let of_minji = format!("select count(*) from audit_events where user_id = '{id}'");
    assert!(app.count(&of_minji).await > 3);
    assert_eq!(app.count(&format!("{of_minji} and kind = 'erased' and actor_kind = 'system'")).await, 1);
    assert_eq!(app.count("select count(*) from outbox").await, 1, "robert's letter");
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0);
    assert!(traces(&app, &["robert"]).await.len() >= 2, "others keep theirs");
    let mut connection = app.db.acquire().await.expect("a connection");
    let verified = audit::verify(&mut connection, &app.state.keys.audit, None, |fault| panic!("{fault:?}")).await;
    assert_eq!(verified.expect("the trail").faults, 0);
    // The name is free.
    app.sign_up("minji").await;
}

/// The newest letter to an address, once none waits to be sent.
async fn last_letter(app: &TestApp, address: &str) -> String {
    for _ in 0..1000 {
        if app.count("select count(*) from outbox where kind = 'erased'").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let letter = sqlx::query_scalar("select text_form from dev_mailbox where address = $1 order by seq desc limit 1");
    letter.bind(address).fetch_one(&app.db).await.expect("a letter")
}

/// Accounts whose day has come.
async fn plant_due(app: &TestApp, count: u32) {
    let plant = format!(
        "insert into users (id, username, email, email_canonical, email_verified_at, deletion_due_at)
        select gen_random_uuid(), 'due' || n, 'due' || n || '@example.com', 'due' || n || '@example.com', now(),
            now() - interval '1 second' from generate_series(1, {count}) n;
        insert into mailed_links (digest, purpose, user_id, address, expires_at)
        select sha256(username::bytea), 'undo-deletion', id, email, now() + interval '1 day' from users
        where username like 'due%'"
    );
    app.execute(&plant).await;
}

#[tokio::test]
async fn f24_two_replicas_share_the_erasure_and_each_account_is_told_once() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    first.sign_up("alice").await;
    let mut staying = first.person("robert").await;
    leave(&mut staying).await;
    all_delivered(&first).await;
    for _ in 0..4 {
        plant_due(&first, 25).await;
        let systems = [first.state.system(), second.state.system()];
        let (one, other) = tokio::join!(erase_due(&systems[0]), erase_due(&systems[1]));
        assert_eq!(one.expect("an erasure") + other.expect("another"), 25);
        assert_eq!(first.count("select count(*) from users").await, 2);
    }
    assert_eq!(first.count("select count(*) from audit_events where kind = 'erased'").await, 100);
    assert_eq!(first.count("select count(*) from mailed_links where purpose = 'undo-deletion'").await, 1, "robert's");
}

#[tokio::test]
async fn an_account_that_is_kept_while_its_day_comes_is_kept_or_gone_and_nobody_sees_a_fault() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let (mut kept, mut gone) = (0, 0);
    for round in 0..16 {
        let name = format!("alice{round}");
        first.sign_up(&name).await;
        first.execute(&format!("update users set deletion_due_at = now() where username = '{name}'")).await;
        let secret = link_of(&first, &name, Purpose::UndoDeletion, &format!("{name}@example.com")).await;
        let mut phone = first.browser();
        assert_eq!(follow(&mut phone, UNDO, &secret).await.status, 200);
        let token = phone.csrf_token(UNDO).await;
        let statuses = race(2, |n| {
            let (mut phone, token) = (Browser { to: first.address, ..phone.clone() }, token.clone());
            let system = second.state.system();
            async move {
                if n == 0 {
                    return phone.post(UNDO, &[("csrf_token", &token)]).await.status;
                }
                u16::try_from(erase_due(&system).await.expect("an erasure")).expect("one")
            }
        })
        .await;
        let left = first.count(&format!("select count(*) from users where username = '{name}'")).await;
        match (statuses[0], statuses[1], left) {
            (303, 0, 1) => kept += 1,
            (410, 1, 0) => gone += 1,
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(first.count("select count(*) from users where deletion_due_at is not null").await, 0);
    }
    println!("kept {kept}, gone {gone}");
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(first.count(deadlocks).await, 0);
}

#[tokio::test]
async fn f23_accounts_that_nobody_verified_go_after_a_week_with_where_they_came_from() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    for name in ["forgotten", "asked-again", "fresh", "operator-made"] {
        first.claim(name).await;
    }
    first.sign_up("verified").await;
    all_delivered(&first).await;
    first
        .execute(
            "update users set verify_by = now() - interval '1 second' where username <> 'fresh';
            update users set verify_by = null where username in ('operator-made', 'verified');
            update mailed_links set expires_at = now() where user_id <> (select id from users where username = 'asked-again');
            insert into users (id, username, email, email_canonical, verify_by)
            select gen_random_uuid(), 'flood' || n, 'flood' || n || '@example.com', 'flood' || n || '@example.com',
                now() - interval '1 second' from generate_series(1, 2500) n",
        )
        .await;
    let (one, other) = tokio::join!(drop_unverified(&first.db), drop_unverified(&second.db));
    assert_eq!(one.expect("a sweep") + other.expect("another"), 2502, "a link that still works tells no difference");
    let left: Vec<String> =
        sqlx::query_scalar("select username from users order by username").fetch_all(&first.db).await.expect("users");
    assert_eq!(left, ["fresh", "operator-made", "verified"]);
    let strays = "select count(*) from audit_events where address is not null
        and user_id not in (select id from users)";
    assert_eq!(first.count(strays).await, 0);
}

/// What somebody leaves who signs in to an account all day.
async fn signed_in_all_day(app: &TestApp, username: &str, events: u32, sessions: u32) {
    app.execute(&format!(
        "insert into audit_events (kind, version, detail, actor_kind, user_id, address, user_agent)
        select 'signed_in', 1, '{{\"amr\": []}}', 'visitor', u.id, '192.0.2.9', 'a browser'
        from users u, generate_series(1, {events}) where username = '{username}';
        insert into sessions
            (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at, revoked_at)
        select gen_random_uuid(), u.id, '{username}' || n, 1, '{{}}', '192.0.2.9', 'x', false,
            now() + interval '1 hour', now() + interval '1 hour', now() from users u, generate_series(1, {sessions}) n where username = '{username}';
        insert into tower_sessions.session select '{username}' || n, '', now() + interval '9 days'
        from generate_series(1, {sessions}) n"
    ))
    .await;
}

#[tokio::test]
async fn f23_f24_nobody_makes_the_owner_of_an_address_wait_by_signing_in_to_a_claim_of_it_all_day() {
    let app = TestApp::start().await;
    for claim in ["mallory", "mallet", "trudy"] {
        app.claim(claim).await;
    }
    app.execute("update users set email = 'victim@example.com', email_canonical = 'victim@example.com'").await;
    signed_in_all_day(&app, "mallory", 60_000, 3_000).await;
    signed_in_all_day(&app, "mallet", 2_000, 50).await;
    let (mut mallory, mut trudy) = (app.browser(), app.browser());
    for (browser, name) in [(&mut mallory, "mallory"), (&mut trudy, "trudy")] {
        assert_eq!(sign_in(browser, name, PASSWORD).await.status, 303);
    }
    let mut victim = app.claim("victim").await;
    let secret = link_of(&app, "victim", Purpose::Verify, "victim@example.com").await;
    assert_eq!(press(&mut victim, "/verify", &secret).await.location(), "/dashboard");

    // The small claims are gone, the large one is as good as gone, and little was done while the owner waited.
    assert_eq!(app.count("select count(*) from users where disabled_at is null").await, 1);
    assert_eq!(app.count("select count(*) from users").await, 2, "the large claim waits for the sweep");
    for mut browser in [mallory, trudy] {
        assert_eq!(browser.get("/verify").await.status, 200);
        assert_eq!(browser.get("/api/v1/session").await.status, 401);
    }
    assert_eq!(sign_in(&mut app.browser(), "mallory", PASSWORD).await.status, 422);
    let told = "select count(*) from audit_events e where address is not null
        and not exists (select 1 from users u where u.id = e.user_id)";
    assert!(app.count(told).await > 1000, "the rest is left to the sweep");

    let swept = app.sweep().await;
    assert_eq!(swept.count("unverified accounts"), 1);
    assert_eq!(app.count("select count(*) from users").await, 1);
    assert_eq!(app.count(told).await, 0);
    assert_eq!(app.count("select count(*) from sessions").await, 1, "the victim's");
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 1, "the victim's");
}

#[tokio::test]
async fn f23_an_account_is_erased_however_much_it_left() {
    let app = TestApp::start().await;
    app.sign_up("minji").await;
    signed_in_all_day(&app, "minji", 30_000, 5_000).await;
    app.execute("update users set deletion_due_at = now() - interval '1 second'").await;
    let swept = app.sweep().await;
    assert_eq!(swept.count("erased accounts"), 1);
    assert_eq!(app.count("select count(*) from audit_events where address is not null").await, 0);
    assert_eq!(app.count("select count(*) from sessions").await, 0);
    assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0);
}
