//! Where somebody is signed in, and ending that.

use std::net::Ipv4Addr;

use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    http::Answer,
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
const END: &str = "/account/sessions/end";
/// A session on the dashboard.
const DEVICE: &str = "href=\"/account/sessions\"><span><span class=\"label\">";

/// The session that a browser has, as its own answer for apps says.
async fn session_id(browser: &mut Browser) -> String {
    let answer: serde_json::Value = serde_json::from_str(&browser.get("/api/v1/session").await.body).expect("JSON");
    answer["session"]["id"].as_str().expect("an id").to_owned()
}

/// Presses the button of one session.
async fn end(browser: &mut Browser, id: &str) -> Answer {
    let token = browser.get("/account/sessions").await.hidden(END, "csrf_token").expect("a button");
    browser.post(END, &[("csrf_token", &token), ("session", id)]).await
}

#[tokio::test]
async fn asvs_7_5_2_the_list_tells_device_address_and_times_and_which_one_this_is() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut other = app.browser().at(Ipv4Addr::new(127, 3, 2, 1)).with("User-Agent", FIREFOX);
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("remember", "yes")];
    assert_eq!(other.submit("/login", &fields).await.status, 303);
    app.person("robert").await;
    let mut person = app.signed_in("alice").await;
    let page = person.get("/account/sessions").await.body;
    let rows: Vec<&str> = page.split("<li>").filter(|row| row.contains("class=\"device\"")).collect();
    assert_eq!(rows.len(), 2, "nobody else's: {page}");
    assert!(rows[0].contains("This browser") && rows[0].contains("From 127.0.0.1"), "{}", rows[0]);
    assert!(!rows[1].contains("This browser") && rows[1].contains("Firefox on Linux"), "{}", rows[1]);
    for part in ["From 127.3.2.1", "Stays signed in", "Last used", "Signed in", "datetime=\"20"] {
        assert!(rows[1].contains(part), "{part}: {}", rows[1]);
    }
    assert!(!page.contains(&person.cookies["vestibule"]) && !page.contains(&other.cookies["vestibule"]));
}

#[tokio::test]
async fn asvs_7_5_2_one_session_is_ended_at_once_on_every_replica_and_the_rest_live() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let mut person = app.person("alice").await;
    let (mut lost, mut kept) = (app.signed_in("alice").await, app.signed_in("alice").await);
    let id = session_id(&mut lost).await;
    let answer = end(&mut person, &id).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/sessions"), "{answer:?}");
    lost.to = replica.address;
    assert!(!is_signed_in(&mut lost).await, "asvs_7_4_1: not on the other replica either");
    assert!(is_signed_in(&mut kept).await && is_signed_in(&mut person).await);
    assert!(person.get("/account/sessions").await.body.contains("That device is signed out."));
    let audited =
        format!("select count(*) from audit_events where kind = 'session_ended' and detail->>'ended' = '{id}'");
    assert_eq!(app.count(&audited).await, 1);
    assert_eq!(end(&mut person, &id).await.status, 404, "what is over is not there");
    assert_eq!(app.count(&audited).await, 1);
}

#[tokio::test]
async fn asvs_8_2_2_another_persons_session_is_not_there_and_lives() {
    let app = TestApp::start().await;
    let mut victim = app.person("victim").await;
    let mut mallory = app.person("mallory").await;
    let theirs = session_id(&mut victim).await;
    let own = session_id(&mut mallory).await;
    let unknown = "00000000-0000-4000-8000-000000000001";
    let both = format!("{theirs},{own}");
    for id in [theirs.as_str(), &theirs.to_uppercase(), unknown, "", "1", "' or true --", &both, &format!("{theirs}\0")]
    {
        let answer = end(&mut mallory, id).await;
        assert_eq!(answer.status, 404, "{id}: {answer:?}");
    }
    let token = mallory.get("/account/sessions").await.hidden(END, "csrf_token").expect("a button");
    let twice = format!("csrf_token={token}&session={own}&session={theirs}");
    assert_eq!(mallory.post_raw(END, twice.as_bytes()).await.status, 400);
    let fields = [("csrf_token", token.as_str()), ("user_id", "robert"), ("session", theirs.as_str())];
    assert_eq!(mallory.post(END, &fields).await.status, 404);
    assert!(is_signed_in(&mut victim).await && is_signed_in(&mut mallory).await);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'session_ended'").await, 0);
}

#[tokio::test]
async fn ending_this_session_is_signing_out() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let mut kept = app.signed_in("alice").await;
    let (mut before, id) = (person.clone(), session_id(&mut person).await);
    let answer = end(&mut person, &id).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    assert!(!person.cookies.contains_key("vestibule"), "{answer:?}");
    assert!(person.get("/login").await.body.contains("You’re signed out."));
    assert!(!is_signed_in(&mut before).await && is_signed_in(&mut kept).await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'signed_out'").await, 1);
}

#[tokio::test]
async fn asvs_7_4_3_all_others_end_at_once_and_nobody_elses() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let mut robert = app.person("robert").await;
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(app.signed_in("alice").await);
    }
    let path = "/account/sessions/end-others";
    let token = person.get("/account/sessions").await.hidden(path, "csrf_token").expect("a button");
    let answer = person.post(path, &[("csrf_token", &token)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/sessions"), "{answer:?}");
    for other in &mut others {
        assert!(!is_signed_in(other).await);
    }
    assert!(is_signed_in(&mut person).await && is_signed_in(&mut robert).await);
    let page = person.get("/account/sessions").await;
    assert!(page.body.contains("You’re signed out on all other devices."), "{}", page.body);
    assert!(page.hidden(path, "csrf_token").is_none(), "there is nothing more to end");
    let audited = "select count(*) from audit_events where kind = 'other_sessions_ended' and detail->>'count' = '4'";
    assert_eq!(app.count(audited).await, 1);
}

#[tokio::test]
async fn asvs_3_5_3_asking_for_a_form_that_ends_sessions_ends_none() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let mut other = app.signed_in("alice").await;
    let id = session_id(&mut other).await;
    for path in [END, "/account/sessions/end-others"] {
        let address = format!("{path}?session={id}");
        for method in ["GET", "HEAD"] {
            let answer = person.send(method, &address, None).await;
            assert_eq!((answer.status, answer.location()), (303, "/account/sessions"), "{method} {path}");
        }
        for method in ["PUT", "DELETE"] {
            assert_eq!(person.send(method, &address, None).await.status, 405, "{method} {path}");
        }
    }
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
    assert!(is_signed_in(&mut other).await);
}

#[tokio::test]
async fn the_dashboard_shows_a_few_sessions_and_counts_the_rest() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    for _ in 0..4 {
        app.signed_in("alice").await;
    }
    // Used longest ago, and yet the first of the list.
    app.execute(
        "update sessions set last_seen_at = now() - interval '50 seconds' \
        where id = (select id from sessions order by created_at limit 1)",
    )
    .await;
    let page = person.get("/dashboard").await.body;
    assert_eq!(page.matches(DEVICE).count(), 3, "{page}");
    assert!(page.contains("This browser") && page.contains("And 2 more devices."), "{page}");
    assert!(!page.contains(END), "they are ended on their own page");
    let mut browser = app.browser();
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303);
}

/// Whoever comes at the same time is asked for in one statement.
#[tokio::test]
async fn asvs_8_2_2_dashboards_that_are_asked_for_together_are_each_their_owners() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for (name, others) in [("alice", 0), ("bob", 1), ("carol", 5)] {
        let mut browsers = vec![app.person(name).await];
        for _ in 0..others {
            browsers.push(app.signed_in(name).await);
        }
        // Several windows of each browser; of carol's, three find no place in the list of the others.
        let shown = browsers.len().min(3);
        people.extend(browsers.into_iter().flat_map(|browser| vec![(name, shown, browser); 4]));
    }
    let visits = people.into_iter().map(|(name, shown, mut window)| {
        tokio::spawn(async move {
            for _ in 0..4 {
                let page = window.get("/dashboard").await;
                assert_eq!(page.status, 200);
                assert!(page.body.contains(&format!("{name}@example.com")), "{name}: {}", page.body);
                assert_eq!(page.body.matches(DEVICE).count(), shown, "{name}: {}", page.body);
                assert_eq!(page.body.matches("This browser").count(), 1, "{name}: {}", page.body);
            }
        })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.expect("a visit");
    }
}

#[tokio::test]
async fn f2_an_overview_behind_a_lock_is_said_in_time_and_comes_back() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    assert_eq!(person.get("/dashboard").await.status, 200);
    let mut holder = app.options.connect().await.expect("a connection");
    let mut lock = holder.begin().await.expect("a transaction");
    lock.execute("lock table recovery_codes").await.expect("a lock");
    let answer = person.get("/dashboard").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    assert!(is_signed_in(&mut person).await, "who it is does not wait for that table");
    lock.rollback().await.expect("the end of the lock");
    assert_eq!(person.get("/dashboard").await.status, 200);
}
