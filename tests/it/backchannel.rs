//! Telling apps that a session ended. Tests named `oidcc_…` do what that module of the OpenID conformance suite does.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};
use url::form_urlencoded;
use vestibule::{
    jobs::logouts::{self, Patience},
    state::AppState,
};
use vestibule_jose::{Algorithm, Audience, Expect, Typ, verify};

use crate::{
    end_session::{grant, service, who},
    support::{
        app::{TestApp, is_signed_in, sign_in},
        callee::{Callee, Script},
        process::Program,
    },
};

const HERE: &[(&str, &str)] = &[("VESTIBULE_OUTBOUND_NETWORKS", "127.0.0.0/8")];
const WAITING: &str = "select count(*) from logout_deliveries";

/// Everything happens within moments.
const HASTY: Patience = Patience {
    look: Duration::from_millis(25),
    lease: Duration::from_secs(30),
    first_retry: Duration::from_millis(40),
    longest_retry: Duration::from_millis(400),
    worth: Duration::from_secs(86_400),
    finish: Duration::from_millis(100),
};

/// The job of one replica, which ends with the test.
struct Job {
    _stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Job {
    fn start(state: &AppState, patience: Patience) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { _stop: stop, running: tokio::spawn(logouts::run(state.clone(), patience, stopped)) }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn told_at(app: &TestApp, client_id: &str, callee: &Callee) {
    app.set_app(client_id, &format!("backchannel_uri = '{}'", callee.url("/backchannel?x=y"))).await;
}

async fn waiting(db: &PgPool) -> i64 {
    sqlx::query_scalar(WAITING).fetch_one(db).await.expect("a count")
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let (app, mut browser) = service(HERE).await;
    let (sub, sid) = who(&mut browser).await;
    let callee = Callee::start(Script::status("200 OK")).await;
    told_at(&app, "wiki", &callee).await;
    app.set_app("wiki", "id_token_alg = 'ES256'").await;
    grant(&app, "wiki", &sid, false).await;
    grant(&app, "other", &sid, false).await;
    let _job = Job::start(&app.state, HASTY);
    browser.submit("/logout", &[]).await;
    assert!(!is_signed_in(&mut browser).await);
    until("nobody is told", async || waiting(&app.db).await == 0).await;

    let called = callee.called();
    assert_eq!(called.len(), 1, "{called:?}");
    assert!(called[0].text.starts_with("POST /backchannel?x=y HTTP/1.1\r\n"), "{called:?}");
    assert!(called[0].text.contains("content-type: application/x-www-form-urlencoded\r\n"), "{called:?}");
    let fields: Vec<_> = form_urlencoded::parse(called[0].body().as_bytes()).into_owned().collect();
    let [(name, token)] = fields.as_slice() else { panic!("{fields:?}") };
    assert_eq!(name, "logout_token");

    let keys = app.state.signing.published().await.expect("the keys");
    let issuer = app.state.config.site.public_url.origin();
    let expect = Expect {
        typ: Typ::LogoutToken,
        algorithms: &[Algorithm::ES256],
        issuer: &issuer,
        audience: Audience::Sole("wiki"),
        now: time::OffsetDateTime::now_utc().unix_timestamp(),
        leeway: Duration::from_secs(5),
        max_age: Some(Duration::from_secs(60)),
    };
    let claims = verify(token, &keys, &expect).expect("a logout token");
    let mut found: Value = claims.into_typed().expect("claims");
    let issued = found["iat"].as_i64().expect("a date");
    assert_eq!(found["exp"], issued + 120);
    assert!(found["jti"].as_str().is_some_and(|jti| jti.len() == 36));
    for name in ["iat", "exp", "jti"] {
        found.as_object_mut().expect("an object").remove(name);
    }
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    assert_eq!(found, json!({ "iss": issuer, "aud": "wiki", "sub": sub, "sid": sid, "events": events }), "no nonce");
}

#[tokio::test]
async fn oidcc_backchannel_every_way_out_tells_the_apps() {
    let (app, mut first) = service(HERE).await;
    let callee = Callee::start(Script::status("204 No Content")).await;
    told_at(&app, "wiki", &callee).await;
    let mut others = [app.signed_in("alice").await, app.signed_in("alice").await];
    for browser in [&mut first].into_iter().chain(&mut others) {
        let (_, sid) = who(browser).await;
        grant(&app, "wiki", &sid, true).await;
    }
    let token = first.csrf_token_of("/account/sessions").await;
    first.post("/account/sessions/end-others", &[("csrf_token", &token)]).await;
    let _job = Job::start(&app.state, HASTY);
    until("two are told", async || callee.called().len() == 2).await;
    app.execute("update sessions set revoked_at = now() where revoked_at is null").await;
    until("three are told", async || callee.called().len() == 3).await;
    until("the rows go", async || waiting(&app.db).await == 0).await;
}

#[tokio::test]
async fn row_55_an_app_that_hangs_redirects_or_fails_is_asked_again_and_nobody_waits_for_it() {
    let (app, mut browser) = service(HERE).await;
    let replica = app.replica().await;
    let elsewhere = Callee::start(Script::status("200 OK")).await;
    let callee = Callee::start(Script::silent()).await;
    told_at(&app, "wiki", &callee).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    let _jobs = [Job::start(&app.state, HASTY), Job::start(&replica.state, HASTY)];

    let begun = Instant::now();
    browser.submit("/logout", &[]).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(!is_signed_in(&mut browser).await);
    // Two replicas look all the time, and one asks at a time.
    until("it is asked again", async || callee.called().len() == 2).await;
    let called = callee.called();
    let pause = called[1].at - called[0].at;
    assert!(pause >= Duration::from_secs(3), "two at once: {pause:?}");

    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url("/"));
    for script in [Script::of(&redirect), Script::status("500 Oh"), Script::status("400 No"), Script::of("")] {
        callee.answer(script);
        let before = callee.called().len();
        until("it is asked again", async || callee.called().len() >= before + 3).await;
        assert_eq!(waiting(&app.db).await, 1);
    }
    assert_eq!(elsewhere.connections(), 0);
    let tokens: Vec<_> = callee.called().iter().map(|called| jti(called.body())).collect();
    assert!(tokens.iter().all(|jti| *jti == tokens[0]), "the app knows a repeat: {tokens:?}");

    // A day later it ends.
    app.execute("update logout_deliveries set created_at = now() - interval '1 day'").await;
    until("it is given up", async || waiting(&app.db).await == 0).await;
}

fn jti(body: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = body.split('.').nth(1).expect("a token");
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON");
    claims["jti"].as_str().expect("a jti").to_owned()
}

#[tokio::test]
async fn row_46_an_app_in_a_private_network_is_not_called_unless_the_operator_says_so() {
    let (app, mut browser) = service(&[]).await;
    let callee = Callee::start(Script::status("200 OK")).await;
    told_at(&app, "wiki", &callee).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    browser.submit("/logout", &[]).await;
    let _job = Job::start(&app.state, HASTY);
    until("it is tried", async || app.count("select coalesce(max(tries), 0)::int8 from logout_deliveries").await >= 2)
        .await;
    assert_eq!(callee.connections(), 0);
}

#[tokio::test]
async fn a_sign_in_elsewhere_and_an_app_without_an_address_tell_nobody() {
    let (app, mut browser) = service(HERE).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    browser.submit("/logout", &[]).await;
    assert_eq!(waiting(&app.db).await, 0);

    // Its address went meanwhile: the sweep takes the row after a day.
    let callee = Callee::start(Script::status("200 OK")).await;
    told_at(&app, "wiki", &callee).await;
    sign_in(&mut browser, "alice", crate::support::app::PASSWORD).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    browser.submit("/logout", &[]).await;
    app.set_app("wiki", "backchannel_uri = null").await;
    app.execute("update logout_deliveries set due_at = now() - interval '23 hours'").await;
    assert_eq!(app.sweep().await.count("logout_deliveries"), 0);
    app.execute("update logout_deliveries set due_at = now() - interval '25 hours'").await;
    assert_eq!(app.sweep().await.count("logout_deliveries"), 1);
}

#[tokio::test]
async fn deliveries_survive_a_service_that_is_killed() {
    let (app, _) = service(HERE).await;
    let callee = Callee::start(Script::silent()).await;
    told_at(&app, "wiki", &callee).await;
    let mut program = Program::new(&[
        ("DATABASE_URL", app.url()),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
        HERE[0],
    ]);
    let killed = program.serve().await;
    let mut browser = killed.browser();
    sign_in(&mut browser, "alice", crate::support::app::PASSWORD).await;
    let (_, sid) = who(&mut browser).await;
    grant(&app, "wiki", &sid, false).await;
    browser.submit("/logout", &[]).await;
    until("it is told", async || callee.called().len() == 1).await;
    killed.kill().await;
    assert_eq!(waiting(&app.db).await, 1);

    // The lease of the dead runs out.
    callee.answer(Script::status("200 OK"));
    let next = program.serve().await;
    app.execute("update logout_deliveries set due_at = now()").await;
    until("it is told again", async || waiting(&app.db).await == 0).await;
    assert_eq!(callee.called().len(), 2);
    next.terminate().await;
}
