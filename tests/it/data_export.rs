//! Everything that is kept about a person, in that person's hands and no other's.

use crate::{
    coverage::assert_guarded,
    reauth::age,
    support::{
        app::{PASSWORD, TestApp},
        browser::Browser,
    },
};
use serde_json::Value;
use vestibule::{
    app,
    features::data_export::{KEPT_ABOUT_A_PERSON, LISTED_MAX},
    jobs,
};

const DATA: &str = "/account/data";

async fn download(browser: &mut Browser) -> Value {
    let answer = browser.submit(DATA, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_guarded(&answer, "a download");
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"account-data.json\""));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_str(&answer.body).expect("JSON")
}

#[tokio::test]
async fn the_document_holds_what_is_kept_and_no_secret() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.signed_in("alice").await;
    let mut robert = app.person("robert").await;
    assert_eq!(person.submit("/account/profile", &[("display_name", "김민지"), ("language", "ko")]).await.status, 303);
    assert_eq!(app.browser().submit("/recover", &[("identifier", "alice")]).await.status, 303);
    app.all_sent().await;
    let document = download(&mut person).await;
    let account = &document["account"];
    for (name, value) in
        [("username", "alice"), ("email", "alice@example.com"), ("display_name", "김민지"), ("language", "ko")]
    {
        assert_eq!(account[name], value, "{name}: {account}");
    }
    for name in ["created_at", "password_changed_at", "email_verified_at"] {
        assert!(account[name].as_str().is_some_and(|at| at.ends_with('Z')), "{name}: {account}");
    }
    assert_eq!(document["sessions"]["count"], 2, "{document}");
    let sessions = document["sessions"]["items"].as_array().expect("sessions");
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1, "{document}");
    assert!(sessions.iter().all(|session| session["address"] == "127.0.0.1"), "{document}");
    assert_eq!(document["known_browsers"]["count"], 2, "{document}");
    assert_eq!(document["mailed_links"]["items"][0]["purpose"], "recover", "{document}");
    let events = document["events"]["items"].as_array().expect("events");
    for kind in ["signed_up", "signed_in", "profile_changed"] {
        assert!(events.iter().any(|event| event["kind"] == kind), "{kind}: {document}");
    }
    for list in
        ["former_addresses", "groups", "sessions", "known_browsers", "mailed_links", "waiting_letters", "events"]
    {
        assert_eq!(document[list]["complete"], true, "{list}");
    }
    let text = document.to_string();
    assert!(!text.contains("robert"), "nothing of anybody else");
    let secrets = "select password_hash from password_credentials union all select store_id from sessions \
        union all select encode(digest, 'hex') from known_browsers union all select encode(digest, 'hex') from mailed_links";
    for secret in sqlx::query_scalar::<_, String>(secrets).fetch_all(&app.db).await.expect("secrets") {
        assert!(!text.contains(&secret), "asvs_14_2_6: {secret}");
    }
    assert!(
        !text.contains("argon2")
            && ["vestibule", "vestibule_browser", "vestibule_csrf"]
                .iter()
                .all(|name| !text.contains(&person.cookies[*name]))
    );
    let audited = "select count(*) from audit_events e join users u on u.id = e.user_id \
        where kind = 'data_downloaded' and username = 'alice'";
    assert_eq!(app.count(audited).await, 1);
    assert_eq!(download(&mut robert).await["account"]["username"], "robert");
}

#[tokio::test]
async fn asvs_7_5_3_a_session_whose_proof_is_old_proves_again_first() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    age(&app).await;
    assert_eq!(person.get(DATA).await.status, 200, "the page tells nothing yet");
    let answer = person.submit(DATA, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/reauth?next=/account/data"), "{answer:?}");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'data_downloaded'").await, 0);
    let answer = person.submit("/reauth?next=/account/data", &[("password", PASSWORD), ("next", DATA)]).await;
    assert_eq!((answer.status, answer.location()), (303, DATA));
    assert_eq!(download(&mut person).await["account"]["username"], "alice");
}

#[tokio::test]
async fn asvs_15_1_3_a_long_history_is_cut_and_the_document_says_so() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    app.execute(
        "insert into audit_events (kind, version, detail, actor_kind, user_id) \
        select 'sign_in_failed', 1, jsonb_build_object('n', n), 'visitor', u.id from users u, generate_series(1, 10100) n",
    )
    .await;
    assert!(person.get(DATA).await.body.contains("the newest 10,000 events") && LISTED_MAX == 10_000);
    let events = &download(&mut person).await["events"];
    assert_eq!((&events["complete"], &events["count"]), (&Value::Bool(false), &Value::from(LISTED_MAX)));
    assert_eq!(events["items"].as_array().map(Vec::len), Some(LISTED_MAX));
    assert_eq!(events["items"][0]["detail"]["n"], 10_100, "the newest first");
}

#[tokio::test]
async fn no_table_that_knows_a_person_is_forgotten() {
    let app = TestApp::start().await;
    let tables = "select c.table_name::text from information_schema.columns c \
        join information_schema.tables t using (table_schema, table_name) \
        where c.table_schema not in ('pg_catalog', 'information_schema') and t.table_type = 'BASE TABLE' \
            and c.column_name = 'user_id' order by 1";
    let mut tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&app.db).await.expect("tables");
    tables.push("users".into());
    assert_eq!(tables, KEPT_ABOUT_A_PERSON, "what is kept about a person is theirs to have");
    // Erasure: the rows go with the account, or the erasure names them itself.
    let cascading: Vec<String> = sqlx::query_scalar(
        "select conrelid::regclass::text from pg_constraint \
            where contype = 'f' and confrelid = 'users'::regclass and confdeltype = 'c' order by 1",
    )
    .fetch_all(&app.db)
    .await
    .expect("constraints");
    // Apps are told for a day that a session ended, also of an account that was erased meanwhile.
    let by_hand = ["audit_events", "logout_deliveries", "outbox", "users"];
    for table in KEPT_ABOUT_A_PERSON {
        assert!(by_hand.contains(&table) || cascading.iter().any(|name| name == table), "{table} outlives its owner");
    }
    // Sweeps: what expires is deleted, what does not goes with its account alone.
    let sweeps: Vec<_> = jobs::sweeps(app::SLICES).iter().map(|sweep| sweep.name).collect();
    let kept = [
        "audit_events",
        "consents",
        "group_members",
        "logout_deliveries",
        "outbox",
        "passkeys",
        "password_credentials",
        "recovery_codes",
        "users",
    ];
    for table in KEPT_ABOUT_A_PERSON {
        assert!(kept.contains(&table) || sweeps.contains(&table), "{table} is never swept: {sweeps:?}");
    }
}
