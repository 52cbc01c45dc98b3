//! What stands in the trail, and who reads it.

use std::time::Duration;

use tokio::time::Instant;

use super::{OTHER, SECRET, assert_intact, head, linked, seq, tallied, tamper, ten_events, verify};
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    cluster::fresh_database,
    process::{Program, said},
};
use vestibule::features::admin;

#[tokio::test]
async fn the_command_tells_the_head_and_every_fault() {
    let app = TestApp::start().await;
    let mut program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", SECRET)]);
    let empty = program.run(&["audit", "verify"]).await;
    assert_eq!((empty.status.code(), said(&empty).0.trim()), (Some(0), "0 events, chain intact, no head yet"));
    ten_events(&app).await;
    let noted = head(&app).await.to_string();
    for arguments in [&["audit", "verify"][..], &["audit", "verify", "--head", &noted]] {
        let whole = program.run(arguments).await;
        assert_eq!(said(&whole).0, format!("10 events, chain intact, head {noted}\n"));
        assert_eq!(whole.status.code(), Some(0));
    }
    let wrong = program.run(&["audit", "verify", "--head", "10:abc"]).await;
    assert!(said(&wrong).1.contains("64 hexadecimal digits") && !wrong.status.success());
    let seq = seq(&app, 2).await;
    tamper(&app, &format!("update audit_events set kind = 'signed_out' where seq = {seq}")).await;
    let found = program.run(&["audit", "verify", "--head", &noted.replacen("10:", "11:", 1)]).await;
    assert_eq!(found.status.code(), Some(1));
    let lines = said(&found).0;
    assert!(lines.contains(&format!("position 2: event {seq} was changed")), "{lines}");
    assert!(lines.contains("its end was cut off") && lines.contains("10 events, 2 faults, head 10:"), "{lines}");
    program.set("VESTIBULE_SECRET", OTHER);
    let found = program.run(&["audit", "verify"]).await;
    assert_eq!(found.status.code(), Some(1));
    assert!(said(&found).0.starts_with("positions 1 to 10: made with the key "), "{}", said(&found).0);
}

#[tokio::test]
async fn asvs_16_4_3_the_head_goes_to_the_log_where_the_database_cannot_take_it_back() {
    let database = fresh_database().await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url), ("VESTIBULE_SECRET", SECRET)]);
    // Before the service starts: to an empty database it would issue a link, which is an event too.
    assert!(program.run(&["user", "create", "alice", "alice@example.com"]).await.status.success());
    let service = program.serve().await;
    let started = Instant::now();
    let told = loop {
        let log = service.log();
        let line = log.lines().find(|line| line.contains("audit_head")).map(str::to_owned);
        if let Some(line) = line {
            break line;
        }
        assert!(started.elapsed() < Duration::from_secs(45), "{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let said = said(&program.run(&["audit", "verify"]).await).0;
    let head = said.trim().strip_prefix("1 event, chain intact, head ").unwrap_or_else(|| panic!("{said}"));
    assert!(told.contains(head), "{told}");
    service.terminate().await;
}

#[tokio::test]
async fn asvs_16_3_1_what_people_and_operators_do_is_recorded_once_and_without_what_they_typed() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    app.verify("alice").await;
    let fields = [("username", "mallory"), ("email", "alice@example.com"), ("password", "mallory's own battery")];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
    // A name is public: that it is taken is nothing to record.
    let fields = [("username", "alice"), ("email", "mallory@example.com"), ("password", PASSWORD)];
    assert_eq!(app.browser().submit("/register", &fields).await.status, 422);
    let mut browser = app.signed_in("alice").await;
    for name in ["alice", "alice@example.com", "nobody", PASSWORD] {
        assert_eq!(sign_in(&mut app.browser(), name, "canary of a password").await.status, 422);
    }
    let token = browser.csrf_token("/logout").await;
    let mut twice = browser.clone();
    browser.post("/logout", &[("csrf_token", &token)]).await;
    twice.post("/logout", &[("csrf_token", &token)]).await;
    let program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", SECRET)]);
    for command in [
        &["user", "create", "robert", "robert@example.com"][..],
        &["user", "disable", "alice"],
        &["user", "enable", "alice"],
        &["user", "reset-sessions", "alice"],
        &["user", "disable", "nobody"],
    ] {
        assert_eq!(program.run(command).await.status.success(), command[2] != "nobody", "{command:?}");
    }
    let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(
        "select e.kind, coalesce(u.username, '-'), e.session_id is not null, e.address is not null
        from audit_events e left join users u on u.id = e.user_id
        where e.kind <> 'sign_up_repeated' and (e.kind <> 'sign_in_failed' or e.user_id is not null) order by seq",
    )
    .fetch_all(&app.db)
    .await
    .expect("the trail");
    let wanted = [
        ("signed_up", "alice", false, true),
        ("signed_up", "mallory", false, true),
        ("signed_in", "alice", true, true),
        ("sign_in_failed", "alice", false, true),
        ("sign_in_failed", "alice", false, true),
        ("signed_out", "alice", true, true),
        ("signed_up", "robert", false, false),
        ("disabled", "alice", false, false),
        ("enabled", "alice", false, false),
        ("all_sessions_ended", "alice", false, false),
    ];
    let wanted = wanted.map(|(kind, whose, session, origin)| (kind.to_owned(), whose.to_owned(), session, origin));
    assert_eq!(rows, wanted);
    // And that the owner of an address was told of a claim to it, once the letter went.
    app.all_sent().await;
    let of_nobody = tallied(&app).await;
    linked(&app).await;
    assert_intact(&verify(&app).await, 11 + i64::try_from(of_nobody.len()).expect("few"));
    assert_eq!(of_nobody.iter().sum::<i64>(), 2);
    let dump: String = sqlx::query_scalar(
        "select string_agg(t::text, ' ') from (select kind, detail, actor_kind from audit_events union all
            select l::text, '{}', '' from audit_links l) t",
    )
    .fetch_one(&app.db)
    .await
    .expect("the trail");
    for canary in ["alice", "mallory", "robert", "nobody", "example.com", "canary", "correct", "battery"] {
        assert!(!dump.contains(canary), "{canary} in {dump}");
    }
}

/// A page without what stands around its content.
fn main_of(page: &str) -> &str {
    page.split_once("<main").map_or("", |(_, rest)| rest)
}

#[tokio::test]
async fn a_person_reads_what_happened_in_their_own_account_and_nothing_of_others() {
    let app = TestApp::start().await;
    app.claim("alice").await;
    app.verify("alice").await;
    app.person("robert").await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
    let mut other = app.browser().at(std::net::Ipv4Addr::new(127, 0, 9, 9)).with("User-Agent", firefox);
    assert_eq!(sign_in(&mut other, "alice", "a wrong password").await.status, 422);
    let mut alice = app.signed_in("alice").await;
    let operator = app.operator();
    let robert = admin::find(&operator, "robert").await.expect("robert").id;
    admin::reset_sessions(&operator, robert).await.expect("robert");
    let alice_id = admin::find(&operator, "alice").await.expect("alice").id;
    admin::enable(&operator, alice_id).await.expect("alice");
    let page = alice.get("/account/activity").await;
    let body = &page.body;
    for wanted in [
        "Signed in",
        "Sign-in failed: wrong password",
        "Account created",
        "Firefox on Linux",
        "From 127.0.9.9",
        "By the operator",
    ] {
        assert_eq!(body.matches(wanted).count(), 1, "{wanted} in {body}");
    }
    assert_eq!(body.matches("This browser").count(), 1, "{body}");
    assert!(body.find("Signed in") < body.find("Sign-in failed: wrong password"), "the newest first: {body}");
    assert_eq!((main_of(body).matches("<li>").count(), body.contains("Signed out")), (4, false), "{body}");
    let korean = alice.clone().with("Accept-Language", "ko").get("/account/activity").await;
    assert!(korean.body.contains("로그인에 실패했어요"), "{}", korean.body);
    assert!(alice.get("/dashboard").await.body.contains("href=\"/account/activity\""));
}

#[tokio::test]
async fn cve_2026_33503_a_forged_cursor_shows_nothing_of_others_and_never_reaches_sql() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    app.execute(
        "insert into audit_events (kind, version, detail, actor_kind, user_id)
        select 'sign_in_failed', 1, '{}', 'visitor', id from users, generate_series(1, 118)",
    )
    .await;
    app.person("robert").await;
    // 120 events of hers: every one is shown once.
    let (mut path, mut shown, mut pages) = ("/account/activity".to_owned(), 0, 0);
    loop {
        let page = alice.get(&path).await;
        assert_eq!(page.status, 200);
        (shown, pages) = (shown + main_of(&page.body).matches("<li>").count(), pages + 1);
        let older = page.body.split("href=\"").find(|rest| rest.starts_with("/account/activity?before="));
        let Some(older) = older else { break };
        path = older.split('"').next().expect("an address").to_owned();
    }
    assert_eq!((shown, pages), (120, 3));
    for (cursor, status) in [
        ("", 400),
        ("0", 400),
        ("-1", 400),
        ("abc", 400),
        ("1%20or%201=1", 400),
        ("1'--", 400),
        ("9223372036854775808", 400),
        ("1e3", 400),
        ("%00", 400),
        ("%ff", 400),
        ("5&before=6", 400),
        ("1", 200),
        ("9223372036854775807", 200),
    ] {
        let page = alice.get(&format!("/account/activity?before={cursor}")).await;
        assert_eq!(page.status, status, "{cursor}: {page:?}");
    }
    assert_eq!(alice.get("/account/activity?after=1&x=%ff").await.status, 200);
    // Robert's own events lie after all of hers.
    let newest = app.count("select max(seq) + 1 from audit_events").await;
    let page = alice.get(&format!("/account/activity?before={newest}")).await;
    assert_eq!(page.body.matches("Signed in").count(), 0, "hers is older: {}", page.body);
}
