//! Every route as two more kinds of visitor: half signed in, and signed in to an account that has to get a
//! second factor first.

use super::{TO_FACTORS, ask, assert_guarded, expected, name, provider::signs_out, put_a_letter, told};
use crate::{
    factors,
    support::app::{PASSWORD, TestApp, sign_in},
};
use vestibule::app;

/// What the pages of the second step answer to somebody whose password was right and whose factor is still to
/// come, who has an authenticator app and codes. Every other route takes them for nobody.
const SECOND_STEP: [(&str, &str); 7] = [
    ("GET /login/totp", "200"),
    ("POST /login/totp", "422"),
    ("GET /login/recovery-code", "200"),
    ("POST /login/recovery-code", "422"),
    ("GET /login/passkey", "200"),
    ("POST /login/passkey", "422"),
    ("POST /login/passkey/options", "200"),
];

/// What somebody answers who is signed in to an account that has to get a second factor first: the pages for
/// that, proving again who they are, leaving, and what is everybody's. Nothing else of the account.
fn unenrolled(name: &str, expected: [&'static str; 5]) -> String {
    let [anonymous, owner, ..] = expected;
    let path = name.split(' ').nth(1).unwrap_or_default();
    let lets_in = ["/account/factors", "/reauth", "/logout"];
    if lets_in.iter().any(|prefix| path == *prefix || path.starts_with(&format!("{prefix}/"))) {
        owner.to_owned()
    } else if anonymous == "401" {
        anonymous.to_owned()
    } else if anonymous.starts_with("303 /login") && anonymous != owner && path != "/" {
        match path {
            "/dashboard" => TO_FACTORS.to_owned(),
            path => format!("{TO_FACTORS}?next={path}"),
        }
    } else {
        owner.to_owned()
    }
}

/// Where somebody was going whose address is not verified comes along.
pub fn unverified(expected: [&'static str; 5]) -> String {
    match expected[0].strip_prefix("303 /login?next=") {
        Some(going) if going != "/dashboard" && expected[2] == "303 /verify" => format!("303 /verify?next={going}"),
        _ => expected[2].to_owned(),
    }
}

/// What somebody half signed in is told.
fn pending(name: &str, expected: [&'static str; 5]) -> &'static str {
    if !name.contains(" /login/") {
        return expected[0];
    }
    let row = SECOND_STEP.iter().find(|(route, _)| *route == name);
    row.unwrap_or_else(|| panic!("{name} is not in the table of the second step")).1
}

/// ASVS 2.3.1 and 6.3.3, CVE-2024-45042, GHSA-xg6x-h9c9-2m83: a password is half of it, and half is nothing.
#[tokio::test]
async fn asvs_2_3_1_half_signed_in_reaches_the_second_step_and_nothing_else() {
    let app = TestApp::start().await;
    put_a_letter(&app).await;
    app.sign_up("alice").await;
    factors::add_totp(&app, "alice", "Phone").await;
    factors::add_codes(&app, "alice", 10).await;
    let mut visitor = app.browser();
    let answer = sign_in(&mut visitor, "alice", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/totp"), "{answer:?}");
    assert!(visitor.cookies.contains_key("vestibule_pending") && !visitor.cookies.contains_key("vestibule"));
    for route in &app::routes(&app.state).list() {
        let name = name(route);
        let answer = ask(route, &mut visitor.clone()).await;
        assert_eq!(told(&answer), pending(&name, expected(&name)), "{name} half signed in: {answer:?}");
        assert_guarded(&answer, &name);
    }
    assert_eq!(app.count("select count(*) from sessions").await, 0, "none of them let anybody in");
}

/// The account must have a second factor and has none.
#[tokio::test]
async fn asvs_6_3_3_an_account_that_has_to_enrol_reaches_that_and_nothing_else() {
    let app = TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    put_a_letter(&app).await;
    let visitor = app.person("alice").await;
    for route in &app::routes(&app.state).list() {
        let name = name(route);
        let mut browser = if signs_out(&name) { app.signed_in("alice").await } else { visitor.clone() };
        let answer = ask(route, &mut browser).await;
        assert_eq!(told(&answer), unenrolled(&name, expected(&name)), "{name}: {answer:?}");
        assert_guarded(&answer, &name);
    }
}
