//! Trust is never adopted: a value in a cookie that somebody else noted or chose is worth nothing to them.

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    letters::{follow, mailed},
    race::race,
    totp,
};

const BROWSER: &str = "vestibule_browser";
/// In the form of ours, and of nobody's making but Mallory's.
const CHOSEN: &str = "MalloryChoseThisOne12A";
const TRUSTED: &str = "select count(*) from known_browsers where trusted_until is not null";

/// A browser with one cookie.
fn with(app: &TestApp, name: &str, value: &str) -> Browser {
    let mut browser = app.browser();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    browser
}

/// Where the right password leads in a browser that has only this cookie.
async fn elsewhere(app: &TestApp, cookie: &str, name: &str) -> String {
    sign_in(&mut with(app, BROWSER, cookie), name, PASSWORD).await.location().to_owned()
}

/// Signs in with both factors and ticks the box.
async fn trusting(app: &TestApp, browser: &mut Browser, name: &str, phone: &totp::Authenticator) {
    totp::later(app).await;
    browser.cookies.remove("vestibule");
    totp::asked(browser, name).await;
    let code = phone.now(app).await;
    let answer = browser.submit("/login/totp", &[("code", &code), ("trust", "on")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
}

async fn known(app: &TestApp, name: &str) -> i64 {
    let of = "select count(*) from known_browsers b join users u on u.id = b.user_id where u.username";
    app.count(&format!("{of} = '{name}'")).await
}

#[tokio::test]
async fn a1_a_browser_cookie_that_somebody_chose_or_noted_skips_no_second_factor() {
    let app = TestApp::start().await;
    app.sign_up("mallory").await;
    let (_, phone) = totp::person(&app, "alice").await;
    for noted in [false, true] {
        // Mallory uses the shared browser first, and writes the cookie down.
        let mut shared = if noted { app.browser() } else { with(&app, BROWSER, CHOSEN) };
        if noted {
            assert_eq!(sign_in(&mut shared, "mallory", PASSWORD).await.status, 303);
        }
        let mallorys = shared.cookies[BROWSER].clone();
        trusting(&app, &mut shared, "alice", &phone).await;
        assert_ne!(shared.cookies[BROWSER], mallorys, "noted: {noted}");
        assert_eq!(elsewhere(&app, &mallorys, "alice").await, "/login/totp", "noted: {noted}");
        // The owner's own browser is trusted, and Mallory's account is still known in it.
        assert_eq!(elsewhere(&app, &shared.cookies[BROWSER].clone(), "alice").await, "/dashboard");
    }
    assert_eq!(app.count(TRUSTED).await, 2);
}

#[tokio::test]
async fn a1_a_cookie_noted_while_the_account_knew_it_is_worth_nothing_once_the_browser_is_trusted() {
    let app = TestApp::start().await;
    let (mut alice, phone) = totp::person(&app, "alice").await;
    let noted = alice.cookies[BROWSER].clone();
    trusting(&app, &mut alice, "alice", &phone).await;
    assert_ne!(alice.cookies[BROWSER], noted);
    assert_eq!(elsewhere(&app, &noted, "alice").await, "/login/totp");
    // Signing in again changes nothing: two clicks on the button must not cost the trust.
    let before = alice.cookies[BROWSER].clone();
    alice.cookies.remove("vestibule");
    assert_eq!(sign_in(&mut alice, "alice", PASSWORD).await.location(), "/dashboard");
    assert_eq!(alice.cookies[BROWSER], before);
}

#[tokio::test]
async fn a1_accounts_that_know_a_browser_still_know_it_when_another_begins_to() {
    let app = TestApp::start().await;
    let mut shared = app.person("alice").await;
    app.sign_up("robert").await;
    let noted = shared.cookies[BROWSER].clone();
    shared.cookies.remove("vestibule");
    assert_eq!(sign_in(&mut shared, "robert", PASSWORD).await.status, 303);
    assert_eq!(app.count("select count(distinct digest) from known_browsers").await, 1);
    assert_eq!((known(&app, "alice").await, known(&app, "robert").await), (1, 1));
    // The limits of a known browser are the browser's, whatever its cookie is; and not those of the old cookie.
    app.execute("delete from attempt_limits").await;
    for (cookie, buckets) in [(shared.cookies[BROWSER].clone(), 1), (noted, 2)] {
        let wrong = sign_in(&mut with(&app, BROWSER, &cookie), "alice", "not the right password").await;
        assert_eq!(wrong.status, 422);
        assert_eq!(app.count("select count(*) from attempt_limits where failures > 0").await, buckets);
    }
}

#[tokio::test]
async fn a1_a_renewed_cookie_refills_no_bucket_of_a_known_browser() {
    let app = TestApp::start().await;
    let mut stolen = app.person("alice").await;
    app.sign_up("mallory").await;
    stolen.cookies.remove("vestibule");
    for _ in 0..10 {
        assert_eq!(sign_in(&mut stolen, "alice", "not the right password").await.status, 422);
    }
    assert_eq!(sign_in(&mut stolen, "alice", PASSWORD).await.status, 429);
    // Another account of the thief's begins to know the browser, which renews the cookie.
    let before = stolen.cookies[BROWSER].clone();
    assert_eq!(sign_in(&mut stolen, "mallory", PASSWORD).await.status, 303);
    assert_ne!(stolen.cookies[BROWSER], before);
    stolen.cookies.remove("vestibule");
    assert_eq!(sign_in(&mut stolen, "alice", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn a1_of_two_accounts_that_sign_in_at_once_neither_loses_more_than_recognition_and_neither_gains() {
    let app = TestApp::start().await;
    let (_, phone) = totp::person(&app, "alice").await;
    app.sign_up("robert").await;
    for _ in 0..5 {
        app.execute("delete from known_browsers").await;
        let mut tab = with(&app, BROWSER, CHOSEN);
        totp::later(&app).await;
        totp::asked(&mut tab, "alice").await;
        let token = tab.csrf_token("/login/totp").await;
        let code = phone.now(&app).await;
        let answers = race(2, |n| {
            let (mut tab, token, code) = (tab.clone(), token.clone(), code.clone());
            async move {
                let answer = if n == 0 {
                    tab.post("/login/totp", &[("csrf_token", &token), ("code", &code), ("trust", "on")]).await
                } else {
                    tab.post("/login", &[("csrf_token", &token), ("identifier", "robert"), ("password", PASSWORD)])
                        .await
                };
                (answer.status, tab.cookies[BROWSER].clone())
            }
        })
        .await;
        assert!(answers.iter().all(|(status, _)| *status == 303), "{answers:?}");
        assert_eq!((known(&app, "alice").await, known(&app, "robert").await), (1, 1));
        assert_eq!(elsewhere(&app, CHOSEN, "alice").await, "/login/totp");
        // The tab that was answered last has one of these; alice is recognised by hers at least.
        assert_eq!(elsewhere(&app, &answers[0].1, "alice").await, "/dashboard");
        assert_eq!(elsewhere(&app, &answers[1].1, "alice").await, "/login/totp");
    }
}

#[tokio::test]
async fn a1_reauthentication_and_a_new_password_adopt_no_browser() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    alice.cookies.insert(BROWSER.to_owned(), CHOSEN.to_owned());
    assert_eq!(alice.submit("/reauth", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(known(&app, "alice").await, 1);
    let fields = [("current_password", PASSWORD), ("password", "violet kettle marches")];
    assert_eq!(alice.submit("/account/password", &fields).await.status, 303);
    assert_eq!(known(&app, "alice").await, 0, "the password ended what was known, and this one was not");
}

#[tokio::test]
async fn a1_a_sign_up_is_recognised_by_a_fresh_cookie_only_and_costs_the_browser_nothing() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    browser.cookies.remove("vestibule");
    let noted = browser.cookies[BROWSER].clone();
    let fields = [("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register", &fields).await.status, 303);
    assert_ne!(browser.cookies[BROWSER], noted);
    let secret = mailed(&app, "robert@example.com", "/verify", 0).await;
    let asks = |page: &str| page.contains("name=\"password\"");
    // Whoever noted the cookie before has no more than anybody.
    let mut mallory = with(&app, BROWSER, &noted);
    assert!(asks(&follow(&mut mallory, "/verify", &secret).await.body));
    // The browser is recognised, also after another account signed in there.
    assert!(!asks(&follow(&mut browser, "/verify", &secret).await.body));
    app.sign_up("carol").await;
    assert_eq!(sign_in(&mut browser, "carol", PASSWORD).await.status, 303);
    browser.cookies.remove("vestibule");
    assert!(!asks(&follow(&mut browser, "/verify", &secret).await.body));
    assert_eq!(known(&app, "alice").await, 1);
    assert_eq!(app.count("select count(distinct digest) from known_browsers").await, 1, "all by the newest cookie");
}

#[tokio::test]
async fn a1_where_a_browser_was_going_is_told_only_to_that_browser() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.sign_up("mallory").await;
    // Mallory keeps a path under a cookie of her choice, and the other way around.
    let going = |path: &'static str| [("identifier", "mallory"), ("next", path)];
    let mut mallory = with(&app, BROWSER, CHOSEN);
    assert_eq!(mallory.submit("/recover", &going("/account/delete")).await.status, 303);
    let mut alice = with(&app, BROWSER, CHOSEN);
    let fields = [("identifier", "alice"), ("next", "/account/sessions?of=alice")];
    assert_eq!(alice.submit("/recover", &fields).await.status, 303);
    assert_ne!(alice.cookies[BROWSER], CHOSEN);
    let secret = mailed(&app, "mallory@example.com", "/recover/reset", 0).await;
    let mut thief = with(&app, BROWSER, CHOSEN);
    follow(&mut thief, "/recover/reset", &secret).await;
    let reset = thief.submit("/recover/reset", &[("password", "violet kettle marches")]).await;
    assert_eq!((reset.status, reset.location()), (303, "/login"), "{reset:?}");
    let secret = mailed(&app, "alice@example.com", "/recover/reset", 0).await;
    follow(&mut alice, "/recover/reset", &secret).await;
    let reset = alice.submit("/recover/reset", &[("password", "violet kettle marches")]).await;
    assert_eq!(reset.location(), "/login?next=/account/sessions?of=alice", "{reset:?}");
}

#[tokio::test]
async fn a1_a_form_token_cookie_that_somebody_chose_opens_no_form_of_a_session() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut mallory = app.browser();
    let token = mallory.csrf_token("/login").await;
    let mut alice = with(&app, "vestibule_csrf", &mallory.cookies["vestibule_csrf"]);
    assert_eq!(sign_in(&mut alice, "alice", PASSWORD).await.status, 303);
    // Signing in took the chosen cookie away; even put back, it fits no session.
    assert_ne!(alice.cookies.get("vestibule_csrf"), mallory.cookies.get("vestibule_csrf"));
    alice.cookies.insert("vestibule_csrf".into(), mallory.cookies["vestibule_csrf"].clone());
    let fields = [("csrf_token", token.as_str()), ("password", PASSWORD)];
    assert_eq!(alice.post("/reauth", &fields).await.status, 403);
    assert_eq!(alice.post("/logout", &fields).await.status, 403);
    assert!(is_signed_in(&mut alice).await);
}

#[tokio::test]
async fn a1_a_pending_sign_in_that_somebody_else_began_is_finished_once_and_by_one_browser() {
    let app = TestApp::start().await;
    let (_, phone) = totp::person(&app, "alice").await;
    // Mallory knows the password, and puts her half of a sign-in into the owner's browser.
    let mut mallory = totp::pending(&app, "alice").await;
    let mut alice = with(&app, "vestibule_pending", &mallory.cookies["vestibule_pending"]);
    let fields = [("code", phone.now(&app).await), ("trust", "on".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(alice.submit("/login/totp", &fields).await.location(), "/dashboard");
    assert_eq!(mallory.get("/login/totp").await.location(), "/login", "nothing is left of hers");
    assert!(!is_signed_in(&mut mallory).await);
    assert_eq!(sign_in(&mut mallory, "alice", PASSWORD).await.location(), "/login/totp");
    for chosen in [CHOSEN, "", "x"] {
        assert_eq!(with(&app, "vestibule_pending", chosen).get("/login/totp").await.location(), "/login", "{chosen}");
    }
}

#[tokio::test]
async fn a1_a_link_a_notice_or_a_language_that_is_none_of_ours_says_and_opens_nothing() {
    let app = TestApp::start().await;
    let plain = app.browser().get("/login").await;
    let lines =
        |body: &str| body.lines().filter(|line| !line.contains("csrf_token")).map(str::to_owned).collect::<Vec<_>>();
    for (name, value) in [("vestibule_notice", "your-account-was-stolen"), ("vestibule_language", "xx")] {
        let page = with(&app, name, value).get("/login").await;
        assert_eq!(lines(&page.body), lines(&plain.body), "{name}");
    }
    for path in ["/recover/reset", "/account/email/undo", "/account/delete/undo"] {
        let page = with(&app, "vestibule_link", CHOSEN).get(path).await;
        assert_eq!(page.status, 410, "{path}: {page:?}");
    }
}

#[tokio::test]
async fn a1_a_ceremony_is_never_continued_with_a_cookie_that_was_there_before() {
    let app = TestApp::start().await;
    let (mut first, mut second) = (app.browser(), with(&app, "vestibule_ceremony", CHOSEN));
    for browser in [&mut first, &mut second] {
        let token = browser.csrf_token_of("/login").await;
        let begun = browser.post("/login/passkey/options", &[("csrf_token", &token)]).await;
        assert_eq!(begun.status, 200, "{begun:?}");
    }
    let cookies = [&first.cookies["vestibule_ceremony"], &second.cookies["vestibule_ceremony"]];
    assert!(cookies[0] != cookies[1] && cookies[1] != CHOSEN, "{cookies:?}");
}
