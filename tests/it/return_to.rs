//! Coming back to where a visitor was going: through sign-in, sign-up, verification and recovery.

use crate::{
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        http::Answer,
        totp,
    },
    verification::open,
};

const GOING: &str = "/account/email?tab=1";
const NEXT: &str = "/account/email?tab%3D1";

/// Signs up on the way to a page, as the link on the sign-in page does.
async fn sign_up_on_the_way(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let page = browser.get(&format!("/login?next={NEXT}")).await;
    assert!(page.body.contains("href=\"/register?next=/account/email?tab=1\""), "{page:?}");
    let page = browser.get(&format!("/register?next={NEXT}")).await;
    assert_eq!(page.hidden("/register", "next").as_deref(), Some(GOING));
    let email = format!("{username}@example.com");
    let fields = [("username", username), ("email", email.as_str()), ("password", PASSWORD), ("next", GOING)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    browser
}

#[tokio::test]
async fn a_visitor_who_signs_up_on_the_way_arrives_after_verifying_in_the_same_browser() {
    let app = TestApp::start().await;
    let mut browser = sign_up_on_the_way(&app, "alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    assert!(!letter.text.contains("tab"), "the email carries no path: {letter:?}");
    open(&mut browser, &letter.links[0]).await;
    assert_eq!(browser.submit("/verify", &[]).await.location(), GOING);
    assert_eq!(app.count("select count(*) from return_paths").await, 0, "it is followed once");
}

#[tokio::test]
async fn another_browser_that_opens_the_email_is_not_sent_anywhere() {
    let app = TestApp::start().await;
    sign_up_on_the_way(&app, "alice").await;
    let letter = app.letter_to("alice@example.com", "/verify").await;
    let mut other = app.browser();
    open(&mut other, &letter.links[0]).await;
    assert_eq!(other.submit("/verify", &[("password", PASSWORD)]).await.location(), "/dashboard");
}

#[tokio::test]
async fn a_visitor_who_forgot_the_password_on_the_way_goes_on_after_signing_in() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let page = browser.get(&format!("/login?next={NEXT}")).await;
    assert!(page.body.contains("href=\"/recover?next=/account/email?tab=1\""), "{page:?}");
    let page = browser.get(&format!("/recover?next={NEXT}")).await;
    assert_eq!(page.hidden("/recover", "next").as_deref(), Some(GOING));
    // Whoever is asked about: the same answer, and one row for the browser.
    for identifier in ["nobody", "alice"] {
        let answer = browser.submit("/recover", &[("identifier", identifier), ("next", GOING)]).await;
        assert_eq!(answer.location(), "/recover?next=/account/email?tab=1", "whoever asks once more goes on, too");
    }
    assert_eq!(app.count("select count(*) from return_paths").await, 1);
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    assert!(!letter.text.contains("tab"), "the email carries no path: {letter:?}");
    open(&mut browser, &letter.links[0]).await;
    let done = browser.submit("/recover/reset", &[("password", "a brand new sentence")]).await;
    assert_eq!(done.location(), "/login?next=/account/email?tab=1");
}

#[tokio::test]
async fn a_long_way_back_travels_as_a_short_id() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let long = format!("/dashboard?q={}", "a".repeat(4000));
    let mut browser = app.browser();
    let sent = browser.get(&long).await;
    let login = sent.location().to_owned();
    assert!(login.starts_with("/login?next=/return?to=") && login.len() < 80, "{login}");
    let next = browser.get(&login).await.hidden("/login", "next").expect("a next");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let signed_in = browser.submit("/login", &fields).await;
    assert_eq!(signed_in.location(), next);
    assert_eq!(browser.get(&next).await.location(), long);
    // A page that an app linked to with a long way back is shown at a short address.
    let sent = app.browser().get(&format!("/login?next={long}")).await;
    assert!(sent.status == 303 && sent.location().len() < 80, "{sent:?}");
    for forged in ["/return", "/return?to=", "/return?to=x", "/return?to=mkVx3bbrWv1Fh7nXH6aPpA"] {
        assert_eq!(browser.get(forged).await.location(), "/", "{forged}");
    }
    let too_long = format!("/dashboard?q={}", "a".repeat(4100));
    assert_eq!(app.browser().get(&too_long).await.location(), "/login?next=/");
}

#[tokio::test]
async fn field_17b_a_fragment_and_any_script_survive_the_way() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (next, leads_to) in [
        ("/account/email%23new", "/account/email#new"),
        ("/%EB%AC%B8%EC%84%9C", "/%EB%AC%B8%EC%84%9C"),
        ("/?q=%C3%A9%23%EC%A0%88", "/?q=%C3%A9#%EC%A0%88"),
    ] {
        let mut browser = app.browser();
        let page = browser.get(&format!("/login?next={next}")).await;
        let next = page.hidden("/login", "next").expect("a next");
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
        let answer = browser.submit("/login", &fields).await;
        if answer.location().starts_with("/return?") {
            let page = browser.get(answer.location()).await;
            assert_eq!(self::leads_to(&page), Some(leads_to));
        } else {
            assert_eq!(answer.location(), leads_to);
        }
    }
}

/// Where a page of ours leads on to by itself.
fn leads_to(page: &Answer) -> Option<&str> {
    page.body.split("http-equiv=\"refresh\" content=\"0; url=").nth(1)?.split('"').next()
}

#[tokio::test]
async fn field_7_no_form_is_followed_by_a_redirect_to_an_app_which_may_redirect_elsewhere() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (next, fields) in [
        ("/oauth/authorize?client=a&amp;state=b", &[("next", "/oauth/authorize?client=a&state=b")][..]),
        ("/accounting", &[("next", "/accounting")]),
        ("/.well-known/change-password", &[("next", "/.well-known/change-password")]),
    ] {
        let mut browser = app.browser();
        let fields = [&[("identifier", "alice"), ("password", PASSWORD)][..], fields].concat();
        let answer = browser.submit("/login", &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert!(answer.location().starts_with("/return?next=/"), "{answer:?}");
        let page = browser.get(answer.location()).await;
        assert_eq!((page.status, leads_to(&page)), (200, Some(next)), "{page:?}");
        assert!(page.body.contains(&format!("href=\"{next}\"")), "and a link: {page:?}");
        // To prove again who one is, and to switch the language.
        let answer = browser.submit("/reauth", &[("password", PASSWORD), ("next", "/app")]).await;
        assert_eq!(answer.location(), "/return?next=/app");
        let token = browser.csrf_token_of("/dashboard").await;
        let answer = browser.post("/language", &[("csrf_token", &token), ("language", "en"), ("next", "/app")]).await;
        assert_eq!(answer.location(), "/return?next=/app");
        // A page that a form led to does not redirect there either.
        let mut followed = browser.clone().with("Sec-Fetch-Site", "same-origin");
        assert_eq!(followed.get("/login?next=/app").await.location(), "/return?next=/app");
        assert_eq!(browser.get("/login?next=/app").await.location(), "/app", "no form is before it");
    }
}

#[tokio::test]
async fn a_page_of_ours_is_gone_on_to_directly() {
    let app = TestApp::start().await;
    for route in vestibule::app::routes(&app.state).list().iter().filter(|route| route.method == "GET") {
        let path = route.policy.path;
        // The consent page is the provider's only one that never leaves it.
        let elsewhere = [
            "/.vestibule/",
            "/.well-known/",
            "/api/",
            "/favicon.ico",
            "/gate",
            "/livez",
            "/oauth/",
            "/readyz",
            "/robots.txt",
            "/static/",
        ];
        let ours = vestibule::web::paths::is_ours(path);
        assert_eq!(ours, path == "/oauth/consent" || !elsewhere.iter().any(|other| path.starts_with(other)), "{path}");
    }
    for other in ["/accounts", "/app", "/loginx", "/apps/login", "/oauth/authorize"] {
        assert!(!vestibule::web::paths::is_ours(other), "{other}");
    }
}

/// The pages before a session, or before a fresh proof, from which a visitor goes on to somewhere.
const ENTRANCE: [&str; 10] = [
    "/login",
    "/login/passkey",
    "/login/totp",
    "/login/recovery-code",
    "/register",
    "/recover",
    "/reauth",
    "/reauth/passkey",
    "/reauth/totp",
    "/reauth/recovery-code",
];

/// Every link of a page to another entrance, and every form that posts to one, knows where the visitor is going.
/// Returns the links.
#[track_caller]
fn assert_carried(page: &Answer, what: &str) -> Vec<String> {
    let mut links = Vec::new();
    for link in page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let path = link.split('?').next().unwrap_or_default();
        if ENTRANCE.contains(&path) {
            assert!(link.contains("?next=/account/email?tab=1"), "{what}: {link} forgets it");
            links.push(link.replace("&amp;", "&"));
        }
    }
    for action in page.body.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        if ENTRANCE.contains(&action) {
            assert_eq!(page.hidden(action, "next").as_deref(), Some(GOING), "{what}: the form for {action}");
        }
    }
    let switch = page.hidden("/language", "next").unwrap_or_default();
    assert!(switch.contains("?next=/account/email?tab"), "{what}: the language switch leads to {switch}");
    links
}

/// Walks all links from a page, and sends every form on the way empty.
async fn walk(browser: &mut Browser, from: &str) -> Vec<String> {
    let (mut seen, mut ahead) = (Vec::new(), vec![format!("{from}?next={NEXT}")]);
    while let Some(path) = ahead.pop() {
        let page = browser.get(&path).await;
        if page.status == 303 {
            ahead.push(page.location().to_owned());
            continue;
        }
        let name = path.split('?').next().unwrap_or_default().to_owned();
        if seen.contains(&name) {
            continue;
        }
        ahead.extend(assert_carried(&page, &name));
        if let Some(token) = page.hidden(&name, "csrf_token") {
            let refused = browser.clone().post(&name, &[("csrf_token", &token), ("next", GOING)]).await;
            if refused.status == 422 {
                ahead.extend(assert_carried(&refused, &format!("{name}, refused")));
            }
        }
        seen.push(name);
    }
    seen.sort();
    seen
}

#[tokio::test]
async fn field_6_every_link_and_form_before_a_session_remembers_where_a_visitor_is_going() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    crate::factors::add_totp(&app, "alice", "Phone").await;
    crate::factors::add_passkey(&app, "alice", "Key").await;
    crate::factors::add_codes(&app, "alice", 3).await;
    let walked = walk(&mut app.browser(), "/login").await;
    assert_eq!(walked, ["/login", "/login/passkey", "/recover", "/register"]);

    let mut half = app.browser();
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", GOING)];
    let asked = half.submit("/login", &fields).await;
    assert_eq!(asked.location(), "/login/passkey?next=/account/email?tab=1");
    let walked = walk(&mut half, "/login/passkey").await;
    assert!(
        ["/login/passkey", "/login/recovery-code", "/login/totp"].iter().all(|page| walked.iter().any(|at| at == page)),
        "{walked:?}"
    );
    // The sign-in expires while its page is open.
    let page = half.get(&format!("/login/totp?next={NEXT}")).await;
    let (token, next) = (page.hidden("/login/totp", "csrf_token").expect("a form"), page.hidden("/login/totp", "next"));
    app.execute("update pending_sign_ins set expires_at = now()").await;
    let fields = [("csrf_token", token.as_str()), ("code", "123456"), ("next", next.as_deref().unwrap_or_default())];
    for over in [half.post("/login/totp", &fields).await, half.get(&format!("/login/totp?next={NEXT}")).await] {
        assert_eq!(over.location(), "/login?next=/account/email?tab=1");
    }
}

#[tokio::test]
async fn field_6_so_does_every_link_and_form_before_a_fresh_proof() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    app.execute("update sessions set authenticated_at = now() - interval '11 minutes'").await;
    let walked = walk(&mut alice, "/reauth").await;
    assert!(walked.contains(&"/reauth".to_owned()), "{walked:?}");
    crate::factors::add_totp(&app, "alice", "Phone").await;
    crate::factors::add_passkey(&app, "alice", "Key").await;
    crate::factors::add_codes(&app, "alice", 3).await;
    let walked = walk(&mut alice, "/reauth").await;
    assert_eq!(walked, ["/reauth/passkey", "/reauth/recovery-code", "/reauth/totp"]);
}

#[tokio::test]
async fn field_6_who_signs_in_before_verifying_arrives_after_verifying() {
    for going in ["/account/sessions?page=2", "/app/that/is/not/ours?x=1"] {
        let app = TestApp::start().await;
        app.claim("alice").await;
        let mut browser = app.browser();
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", going)];
        let answer = browser.submit("/login", &fields).await;
        assert_eq!(answer.location(), format!("/verify?next={going}"));
        browser.get(answer.location()).await;
        // Nothing on the way there takes its place.
        browser.get("/dashboard").await;
        browser.get("/verify").await;
        let letter = app.letter_to("alice@example.com", "/verify").await;
        open(&mut browser, &letter.links[0]).await;
        assert_eq!(browser.submit("/verify", &[]).await.location(), led(going));
    }
}

#[tokio::test]
async fn field_6_who_must_add_a_factor_first_arrives_after_saving_the_codes() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    app.sign_up("alice").await;
    for going in ["/app?x=1", "/account/sessions"] {
        app.execute("delete from totp_factors; delete from recovery_codes").await;
        let mut browser = app.browser();
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", going)];
        let mut answer = browser.submit("/login", &fields).await;
        if going == "/account/sessions" {
            // The same for a page that was only opened.
            answer = browser.get(going).await;
        }
        assert_eq!(answer.location(), format!("/account/factors?next={going}"));
        assert_eq!(browser.get(answer.location()).await.status, 200);
        let authenticator = totp::begin(&mut browser).await;
        let shown = totp::confirm(&mut browser, &authenticator.now(&app).await, "Phone").await;
        let saved = "/account/factors/recovery-codes/saved";
        let hidden = |name| shown.hidden(saved, name).expect("a field");
        let (token, codes) = (hidden("csrf_token"), hidden("codes"));
        let fields = [("csrf_token", token.as_str()), ("codes", codes.as_str()), ("saved", "yes")];
        assert_eq!(browser.post(saved, &fields).await.location(), led(going));
        totp::later(&app).await;
    }
}

#[tokio::test]
async fn a_sign_up_that_goes_nowhere_does_not_follow_an_earlier_one() {
    let app = TestApp::start().await;
    let mut browser = sign_up_on_the_way(&app, "alice").await;
    let fields = [("username", "robert"), ("email", "robert@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/register", &fields).await.location(), "/verify");
    let letter = app.letter_to("robert@example.com", "/verify").await;
    open(&mut browser, &letter.links[0]).await;
    assert_eq!(browser.submit("/verify", &[]).await.location(), "/dashboard");
}

#[tokio::test]
async fn who_asks_for_another_link_because_the_first_is_too_old_goes_on_where_they_were_going() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let asked = browser.submit(&format!("/recover?next={NEXT}"), &[("identifier", "alice"), ("next", GOING)]).await;
    assert_eq!(asked.status, 303);
    let letter = app.letter_to("alice@example.com", "/recover/reset").await;
    app.execute("update mailed_links set expires_at = now()").await;
    let over = open(&mut browser, &letter.links[0]).await;
    assert_eq!((over.status, over.hidden("/recover", "next").as_deref()), (410, Some(GOING)), "{over:?}");
}

#[tokio::test]
async fn field_17a_a_request_of_an_app_of_two_kibibytes_survives_the_sign_in() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for length in [1_100, 2_048, 4_000] {
        let going = format!("/oauth/authorize?client_id=a&state={}", "s".repeat(length));
        let mut browser = app.browser();
        let page = browser.get(&format!("/login?next={}", going.replace('&', "%26"))).await;
        let page = browser.get(page.location()).await;
        let next = page.hidden("/login", "next").expect("a next");
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
        let signed_in = browser.submit("/login", &fields).await;
        let page = browser.get(signed_in.location()).await;
        assert_eq!(leads_to(&page).map(|to| to.replace("&amp;", "&")), Some(going.clone()));
        // The same where a script keeps it in the form.
        let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", going.as_str())];
        let mut browser = app.browser();
        let signed_in = browser.submit("/login", &fields).await;
        let page = browser.get(signed_in.location()).await;
        assert_eq!(leads_to(&page).map(|to| to.replace("&amp;", "&")), Some(going));
    }
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.location(), "/dashboard");
}

/// How a form leads to a path.
fn led(going: &str) -> String {
    if vestibule::web::paths::is_ours(going) { going.to_owned() } else { format!("/return?next={going}") }
}
