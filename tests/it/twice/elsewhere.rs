//! Whoever else sends a form that was sent: another browser, another person at the same one, an attacker with the
//! database.

use super::{said, twice};
use crate::mail::until;
use crate::{
    csrf::{everything, token},
    support::{
        app::{PASSWORD, TestApp, is_signed_in},
        browser::Browser,
    },
};

const END_OTHERS: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

fn from_our_page(browser: Browser) -> Browser {
    browser.with("Sec-Fetch-Site", "same-origin").with("Origin", "null")
}

#[tokio::test]
async fn another_browser_with_the_same_form_is_refused() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    let body = browser.body("/login", &fields);
    assert_eq!(browser.post_raw("/login", body.as_bytes()).await.status, 303);
    let before = everything(&app).await;
    let mut without = app.browser();
    let mut other = app.browser();
    other.get("/login").await;
    let mut known = app.signed_in("alice").await;
    known.get("/dashboard").await;
    let signed_in = everything(&app).await;
    for browser in [&mut without, &mut other] {
        let answer = from_our_page(browser.clone()).post_raw("/login", body.as_bytes()).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(!answer.header_all("set-cookie").any(|line| line.starts_with("vestibule=")), "{answer:?}");
    }
    // Another session, of the same person: the form is for signing in, which is done.
    let answer = known.post_raw("/login", body.as_bytes()).await;
    assert_eq!((answer.status, answer.header_all("set-cookie").count()), (303, 0), "{answer:?}");
    assert_eq!(everything(&app).await, signed_in);
    assert_ne!(before, signed_in);
}

#[tokio::test]
async fn nothing_is_revived_after_signing_out_on_a_shared_computer() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = from_our_page(app.browser());
    let login = browser.csrf_token("/login").await;
    let fields = [("csrf_token", login.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    let entered = browser.body("/login", &fields);
    browser.post_raw("/login", entered.as_bytes()).await;
    let inside = token(&mut browser).await;
    let changed = browser.body("/account/profile", &[("csrf_token", &inside), ("display_name", "Alice A.")]);
    assert_eq!(browser.post_raw("/account/profile", changed.as_bytes()).await.status, 303);
    assert_eq!(browser.submit("/logout", &[]).await.status, 303);
    let before = everything(&app).await;
    for opened_again in [false, true] {
        if opened_again {
            browser.get("/login").await;
        }
        for (path, body) in [("/login", &entered), ("/account/profile", &changed)] {
            let answer = browser.clone().post_raw(path, body.as_bytes()).await;
            assert!([303, 403].contains(&answer.status), "{answer:?}");
            assert!(answer.status == 403 || answer.location().starts_with("/login?next="), "{answer:?}");
            assert!(!answer.header_all("set-cookie").any(|line| line.starts_with("vestibule=")), "{answer:?}");
        }
    }
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn asvs_6_5_2_the_database_alone_reveals_no_answer() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    let [first, _] = twice(&mut browser, "/login", &fields).await;
    let cookie = first.header_all("set-cookie").find_map(|line| line.strip_prefix("vestibule=")).expect("a session");
    let cookie = cookie.split(';').next().expect("a value").to_owned();
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar("select id || sent_by || coalesce(opened, '') || answer from form_answers")
            .fetch_all(&app.db)
            .await
            .expect("rows");
    assert_eq!(rows.len(), 1);
    for secret in [cookie.as_str(), PASSWORD, "alice", "/dashboard", token.as_str()] {
        let found = rows.iter().any(|row| row.windows(secret.len()).any(|part| part == secret.as_bytes()));
        assert!(!found, "{secret} stands in the table");
    }
}

#[tokio::test]
async fn the_table_keeps_ten_minutes_and_ten_thousand_forms() {
    let app = TestApp::start().await;
    app.execute(
        "insert into form_answers (id, sent_by, created_at)
        select sha256(n::text::bytea), sha256('x'), now() - n * interval '10 milliseconds'
        from generate_series(1, 10500) n;
        insert into form_answers (id, sent_by, created_at)
        select sha256(('old' || n)::bytea), sha256('x'), now() - interval '11 minutes' from generate_series(1, 20) n",
    )
    .await;
    app.sweep().await;
    assert_eq!(app.count("select count(*) from form_answers").await, 10_000);
    assert_eq!(app.count("select count(*) from form_answers where created_at < now() - interval '103 s'").await, 0);
}

#[tokio::test]
async fn after_ten_minutes_a_form_is_a_new_one() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", "wrong")];
    twice(&mut browser, "/login", &fields).await;
    app.execute("update form_answers set created_at = now() - interval '10 minutes 1 second'").await;
    browser.post("/login", &fields).await;
    assert_eq!(app.count("select count(*) from audit_events where kind = 'sign_in_failed'").await, 2);
}

#[tokio::test]
async fn a_form_whose_first_request_died_is_taken_over() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", "wrong")];
    browser.clone().post("/login", &fields).await;
    app.execute("update form_answers set answer = null, created_at = now() - interval '16 seconds'").await;
    let answer = browser.clone().post("/login", &fields).await;
    assert_eq!(answer.status, 422);
    assert_eq!(app.count("select count(*) from form_answers where answer is not null").await, 1);
}

#[tokio::test]
async fn f4_a_form_on_a_database_that_takes_no_writes_is_answered_with_503() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let fields = [("csrf_token", token.as_str()), ("identifier", "alice"), ("password", PASSWORD)];
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(&app.db).await.expect("a name");
    app.execute(&format!("alter database \"{name}\" set default_transaction_read_only = on")).await;
    app.execute(END_OTHERS).await;
    let answer = loop {
        let answer = browser.clone().post("/login", &fields).await;
        // A connection from before may still be found dead.
        if answer.status != 303 {
            break answer;
        }
    };
    assert_eq!(answer.status, 503, "{answer:?}");
    let reset = format!("alter database \"{name}\" reset default_transaction_read_only");
    until("the database takes writes", async || {
        let Ok(mut connection) = app.db.acquire().await else { return false };
        let writes = sqlx::raw_sql("set default_transaction_read_only = off").execute(&mut *connection).await.is_ok();
        writes && sqlx::raw_sql(&reset).execute(&mut *connection).await.is_ok()
    })
    .await;
    until("no old connection is left", async || sqlx::raw_sql(END_OTHERS).execute(&app.db).await.is_ok()).await;
    // Nothing was half done: the same form signs in when the database is back, and connections that died are gone.
    until("the database is back", async || browser.clone().post("/login", &fields).await.status == 303).await;
    assert_eq!(app.count("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn a_repeat_of_a_page_that_was_refused_shows_the_same_page() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/register").await;
    let fields = [("csrf_token", token.as_str()), ("username", "x"), ("email", "nothing"), ("password", "short")];
    let [first, second] = twice(&mut browser, "/register", &fields).await;
    assert_eq!(first.status, 422);
    assert_eq!(said(&first), said(&second));
}
