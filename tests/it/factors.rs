//! How an account is signed in to: the overview, and being made to have a second factor.

use crate::{
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
    },
};
use serde_json::Value;
use uuid::Uuid;
use vestibule::{
    accounts::Role,
    features::admin,
    types::{Lang, Request, SecretToken, UserId, now},
};

pub const OVERVIEW: &str = "/account/factors";

/// An authenticator app of that person, put there behind the service's back.
pub async fn add_totp(app: &TestApp, username: &str, name: &str) -> Uuid {
    let columns = "id, user_id, name, seed, confirmed_at";
    let values = "gen_random_uuid(), id, $2, '\\x00'::bytea, now()";
    add(
        app,
        &format!("insert into totp_factors ({columns}) select {values} from users where username = $1"),
        username,
        name,
    )
    .await
}

/// A passkey likewise.
pub async fn add_passkey(app: &TestApp, username: &str, name: &str) -> Uuid {
    let columns = "id, user_id, name, credential_id, credential, backup_eligible, backed_up";
    let values =
        "gen_random_uuid(), id, $2, decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), '{}', true, true";
    add(
        app,
        &format!("insert into passkeys ({columns}) select {values} from users where username = $1"),
        username,
        name,
    )
    .await
}

async fn add(app: &TestApp, statement: &str, username: &str, name: &str) -> Uuid {
    let statement = format!("{statement} returning id");
    let added = sqlx::query_scalar(&statement).bind(username).bind(name);
    added.fetch_one(&app.db).await.expect("a factor")
}

/// Recovery codes likewise.
pub async fn add_codes(app: &TestApp, username: &str, count: u32) {
    let digest = "sha256(convert_to(gen_random_uuid()::text, 'UTF8'))";
    app.execute(&format!(
        "insert into recovery_codes (digest, user_id, saved_at) select {digest}, u.id, now() from users u, generate_series(1, {count}) \
        where username = '{username}'"
    ))
    .await;
}

/// As if the person had just shown their second factor in every session.
pub async fn both_shown(app: &TestApp, username: &str) {
    app.execute(&format!(
        "update sessions set aal = 2, amr = '{{pwd,otp,mfa}}', authenticated_at = now() \
        where user_id = (select id from users where username = '{username}')"
    ))
    .await;
}

/// Trusts a browser that the account knows, as the second step does where that is asked for.
pub async fn trust(app: &TestApp, username: &str, browser: &Browser) {
    use vestibule::sessions::known_browsers;
    let cookie = SecretToken::parse(&browser.cookies["vestibule_browser"]).expect("a browser's secret").digest();
    let mut connection = app.db.acquire().await.expect("a connection");
    let (id, version): (Uuid, i64) = sqlx::query_as("select id, credentials_version from users where username = $1")
        .bind(username)
        .fetch_one(&mut *connection)
        .await
        .expect("an account");
    let request = Request {
        id: String::new(),
        now: now(),
        address: "203.0.113.7".parse().expect("an address"),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
        lang: Lang::En,
        browser: None,
    };
    let trusted = known_browsers::trust(&mut connection, UserId(id), &cookie, version, &request);
    trusted.await.expect("a trusted browser");
}

/// Where the right password leads in this browser.
pub async fn after_the_password(browser: &Browser, username: &str, password: &str) -> String {
    let mut browser = browser.clone();
    browser.cookies.remove("vestibule");
    let answer = sign_in(&mut browser, username, password).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.location().to_owned()
}

#[tokio::test]
async fn the_overview_says_what_there_is_and_what_to_do_next() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let page = person.get(OVERVIEW).await.body;
    for says in [
        "Anyone with your password can get in",
        "href=\"/account/factors/passkeys\"",
        "href=\"/account/factors/totp\"",
        "Add a passkey or an authenticator app first",
        "href=\"/account/password\"",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("recovery-codes") && !page.contains("/account/password/remove"), "{page}");

    let app_id = add_totp(&app, "alice", "An app <b>").await;
    let page = person.get(OVERVIEW).await.body;
    for says in [
        "The second step is on",
        "An app &lt;b&gt;",
        &format!("/account/factors/totp/remove?factor={app_id}"),
        &format!("/account/factors/totp/rename?factor={app_id}"),
        "You have no recovery codes",
        "href=\"/account/factors/recovery-codes\"",
        "Not used yet",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    for (codes, says) in [(1, "You have 1 recovery code left"), (2, "You have 3 recovery codes left"), (1, "4 codes")] {
        add_codes(&app, "alice", codes).await;
        let page = person.get(OVERVIEW).await.body;
        assert!(page.contains(says) && !page.contains("You have no recovery codes"), "{says}: {page}");
    }
    assert!(!person.get(OVERVIEW).await.body.contains("left. Create new ones soon"));
    let passkey = add_passkey(&app, "alice", "Phone").await;
    let page = person.get(OVERVIEW).await.body;
    assert!(page.contains(&format!("/account/factors/passkeys/remove?passkey={passkey}")), "{page}");
    assert!(page.contains("/account/password/remove") && page.contains("Synced"), "{page}");
    // One that was begun and never confirmed is no factor.
    app.execute("update totp_factors set confirmed_at = null").await;
    assert!(!person.get(OVERVIEW).await.body.contains("An app &lt;b&gt;"));
}

#[tokio::test]
async fn the_dashboard_tells_whether_the_second_step_is_on_and_when_codes_run_out() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    assert!(person.get("/dashboard").await.body.contains("Off. Anyone with your password can get in."));
    add_totp(&app, "alice", "Phone").await;
    let page = person.get("/dashboard").await.body;
    assert!(page.contains("On, with 1 authenticator app") && page.contains("None yet. Create some"), "{page}");
    add_codes(&app, "alice", 3).await;
    assert!(person.get("/dashboard").await.body.contains("Only 3 left"));
    add_codes(&app, "alice", 7).await;
    add_passkey(&app, "alice", "Phone").await;
    app.execute("delete from password_credentials").await;
    let page = person.get("/dashboard").await.body;
    assert!(page.contains("10 left") && page.contains("None. You sign in with a passkey."), "{page}");
}

#[tokio::test]
async fn asvs_8_2_2_the_page_before_a_removal_shows_ones_own_factors_and_no_others() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    app.sign_up("robert").await;
    let theirs = add_passkey(&app, "robert", "Roberts").await.to_string();
    let own = add_passkey(&app, "alice", "Mine").await.to_string();
    let not_a_passkey = add_totp(&app, "alice", "Mine").await.to_string();
    both_shown(&app, "alice").await;
    for what in ["rename", "remove"] {
        let action = format!("{OVERVIEW}/passkeys/{what}");
        let shown = alice.get(&format!("{action}?passkey={own}")).await;
        assert!(shown.status == 200 && shown.body.contains("Mine"), "{shown:?}");
        assert_eq!(shown.hidden(&action, "passkey"), Some(own.clone()), "{shown:?}");
        for id in [&*theirs, &not_a_passkey, "nonsense", "", &Uuid::nil().to_string()] {
            let answer = alice.get(&format!("{action}?passkey={id}")).await;
            assert_eq!((answer.status, answer.location()), (303, OVERVIEW), "{what} {id}");
        }
        assert_eq!(alice.get(&action).await.location(), OVERVIEW);
    }
}

#[tokio::test]
async fn asvs_7_5_3_removing_wants_the_strongest_factor_again_and_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let id = add_passkey(&app, "alice", "Phone").await;
    let page = format!("{OVERVIEW}/passkeys/remove?passkey={id}");
    // A password, however fresh, says too little where there is a second factor.
    for aged in [false, true] {
        if aged {
            both_shown(&app, "alice").await;
            age(&app).await;
        }
        let answer = person.get(&page).await;
        assert_eq!((answer.status, answer.location()), (303, &*format!("/reauth?next={page}")), "{answer:?}");
        let on = person.get(answer.location()).await;
        assert_eq!((on.status, on.location()), (303, &*format!("/reauth/passkey?next={page}")), "{on:?}");
        let fields = [("password", PASSWORD), ("next", page.as_str())];
        let token = person.csrf_token_of("/logout").await;
        let answer = person.post("/reauth", &[&[("csrf_token", token.as_str())], &fields[..]].concat()).await;
        assert!(answer.location().starts_with("/reauth/passkey"), "gh_hp74_gm6m_2qm5: {answer:?}");
        assert_eq!(person.get(&page).await.status, 303);
    }
    both_shown(&app, "alice").await;
    assert_eq!(person.get(&page).await.status, 200);
    assert!(person.get(&page).await.body.contains("anyone with your password can get in"), "the last one");
}

async fn with_policy(policy: &str) -> TestApp {
    TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", policy)]).await
}

#[tokio::test]
async fn asvs_6_3_3_whoever_must_have_a_second_factor_is_led_to_adding_one_and_then_let_go_on() {
    let app = with_policy("everyone").await;
    let replica = app.replica().await;
    let mut person = app.person("alice").await;
    for path in ["/dashboard", "/account/profile", "/account/delete", "/account/password", "/account/sessions"] {
        let answer = person.get(path).await;
        let next = if path == "/dashboard" { String::new() } else { format!("?next={path}") };
        assert_eq!((answer.status, answer.location()), (303, format!("{OVERVIEW}{next}").as_str()), "{path}");
    }
    let page = person.get(OVERVIEW).await;
    assert!(page.status == 200 && page.body.contains("One more step: Vestibule requires a passkey"), "{page:?}");
    // Nothing here leads in a circle.
    for path in ["/dashboard", "/account/profile", "/account/password", "/account/sessions", "/account/delete"] {
        assert!(!page.body.contains(&format!("href=\"{path}\"")), "{path}: {}", page.body);
    }
    assert!(page.body.contains("action=\"/logout\""), "{}", page.body);
    let problem = person.get("/api/v1/session").await;
    assert_eq!(problem.status, 401, "for an app it is nobody: {problem:?}");
    // Adding one wants a fresh proof, which a password is as long as there is nothing better.
    age(&app).await;
    assert!(person.get(OVERVIEW).await.status == 200 && person.get("/reauth").await.status == 200);
    assert_eq!(person.submit("/reauth", &[("password", PASSWORD), ("next", OVERVIEW)]).await.location(), OVERVIEW);

    add_totp(&app, "alice", "Phone").await;
    for address in [app.address, replica.address] {
        let mut person = Browser { to: address, ..person.clone() };
        assert_eq!(person.get("/dashboard").await.status, 200, "with the next request, everywhere");
    }
    assert!(person.get(OVERVIEW).await.body.contains("href=\"/account/profile\""));
    // And back, when it is gone.
    app.execute("delete from totp_factors").await;
    assert_eq!(person.get("/dashboard").await.location(), OVERVIEW);
}

#[tokio::test]
async fn the_policy_may_be_for_administrators_alone() {
    let app = with_policy("admins").await;
    let mut person = app.person("alice").await;
    let mut other = app.person("robert").await;
    assert_eq!(person.get("/dashboard").await.status, 200);
    admin::set_role(&app.operator(), app.id("alice").await, Role::Admin).await.expect("an administrator");
    assert_eq!(person.get("/dashboard").await.location(), OVERVIEW, "an open session too");
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
    assert_eq!(other.get("/dashboard").await.status, 200);
    add_passkey(&app, "alice", "Phone").await;
    assert_eq!(person.get("/dashboard").await.status, 200);
    // An operator sees who has what.
    let operator = app.operator();
    assert_eq!(admin::factors(&operator, app.id("alice").await).await.expect("factors").passkeys, 1);
}

#[tokio::test]
async fn a_link_to_another_address_waits_for_the_second_factor_too() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    crate::email_change::ask(&mut person, "alice@example.org").await;
    let secret = crate::support::letters::mailed(&app, "alice@example.org", crate::email_change::CONFIRM, 0).await;
    let strict = TestApp::on(app.options.clone(), &[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    person.to = strict.address;
    let path = crate::email_change::CONFIRM;
    let answer = crate::support::letters::follow(&mut person, path, &secret).await;
    assert_eq!((answer.status, answer.location()), (303, format!("{OVERVIEW}?next={path}").as_str()), "{answer:?}");
    let token = person.csrf_token_of("/logout").await;
    let fields = [("csrf_token", token.as_str()), ("link", secret.as_str())];
    assert_eq!(person.post(path, &fields).await.location(), format!("{OVERVIEW}?next={path}"));
    assert_eq!(crate::email_change::address_of(&app, "alice").await, "alice@example.com");
}

/// `amr`, `aal` and the moment, as an app is told.
async fn told(browser: &mut Browser) -> (Value, i64, i64) {
    let answer = browser.get("/api/v1/session").await;
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    let session = &body["session"];
    (session["amr"].clone(), session["aal"].as_i64().expect("aal"), session["auth_time"].as_i64().expect("auth_time"))
}

#[tokio::test]
async fn rfc_8176_an_app_is_told_what_was_shown_and_when() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    let pwd = serde_json::json!(["pwd"]);
    let (amr, aal, at_first) = told(&mut person).await;
    assert_eq!((amr, aal), (pwd.clone(), 1));
    age(&app).await;
    let (.., aged) = told(&mut person).await;
    assert!(aged <= at_first - 600, "{aged} {at_first}");
    assert_eq!(person.submit("/reauth", &[("password", PASSWORD)]).await.status, 303);
    let (amr, aal, again) = told(&mut person).await;
    assert_eq!((amr, aal), (pwd.clone(), 1), "one factor twice is one factor");
    assert!(again >= at_first, "{again} {at_first}");
    // A browser that skips the second step showed a password, and nothing more is said of it.
    add_totp(&app, "alice", "Phone").await;
    trust(&app, "alice", &person).await;
    let mut trusted = person.clone();
    trusted.cookies.remove("vestibule");
    assert_eq!(sign_in(&mut trusted, "alice", PASSWORD).await.location(), "/dashboard");
    let (amr, aal, _) = told(&mut trusted).await;
    assert_eq!((amr, aal), (pwd, 1));
    let answer = trusted.get("/account/email").await;
    assert_eq!(
        answer.location(),
        "/reauth?next=/account/email",
        "nor is it enough for what could hand the account over"
    );
    assert_eq!(trusted.get(answer.location()).await.location(), "/reauth/totp?next=/account/email");
}

#[tokio::test]
async fn what_is_kept_about_factors_is_the_persons_to_have_and_goes_with_the_account() {
    let app = TestApp::start().await;
    let mut person = app.person("alice").await;
    trust(&app, "alice", &person).await;
    add_totp(&app, "alice", "My app").await;
    add_passkey(&app, "alice", "My key").await;
    add_codes(&app, "alice", 10).await;
    app.sign_up("robert").await;
    add_totp(&app, "robert", "Not mine").await;
    assert!(after_the_password(&app.browser(), "alice", PASSWORD).await.starts_with("/login/"));
    both_shown(&app, "alice").await;
    let answer = person.submit("/account/data", &[]).await;
    let document: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!(document["authenticator_apps"]["items"][0]["name"], "My app", "{document}");
    assert_eq!(document["passkeys"]["items"][0]["name"], "My key", "{document}");
    assert_eq!(document["recovery_codes"]["count"], 10, "{document}");
    assert_eq!(document["unfinished"]["items"][0]["what"], "sign-in", "{document}");
    let browser = &document["known_browsers"]["items"][0];
    assert!(browser["trusted_until"].is_string() && browser["address"] == "203.0.113.7", "{document}");
    let text = document.to_string();
    assert!(!text.contains("Not mine") && !text.contains("seed") && !text.contains("credential"), "{text}");
    let secrets = "select encode(digest, 'hex') from recovery_codes union all select encode(credential_id, 'hex') from passkeys \
        union all select encode(digest, 'hex') from pending_sign_ins";
    for secret in sqlx::query_scalar::<_, String>(secrets).fetch_all(&app.db).await.expect("secrets") {
        assert!(!text.contains(&secret), "asvs_14_2_6: {secret}");
    }

    app.execute("delete from users where username = 'alice'").await;
    for table in ["passkeys", "recovery_codes", "pending_sign_ins", "webauthn_ceremonies", "known_browsers"] {
        assert_eq!(app.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert_eq!(app.count("select count(*) from totp_factors").await, 1, "the other's stays");
}
