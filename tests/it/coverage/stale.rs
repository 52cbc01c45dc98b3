//! Every route as somebody whose last proof is too old, or too little, for what could hand the account over.

use super::{ask, assert_guarded, expected, name, provider::signs_out, put_a_letter, told};
use crate::{factors, reauth::age, support::app::TestApp};
use vestibule::app;

/// What asks for a fresh proof first. Written out, and not taken from the routes: a route that forgot to ask
/// would hand a stolen session the account.
const ASKS: [&str; 27] = [
    "GET /account/delete",
    "POST /account/delete",
    "POST /account/data",
    "GET /account/email",
    "POST /account/email",
    "POST /account/email/close",
    "GET /account/password/remove",
    "POST /account/password/remove",
    "GET /account/factors/passkeys",
    "POST /account/factors/passkeys",
    "POST /account/factors/passkeys/options",
    "GET /account/factors/passkeys/rename",
    "POST /account/factors/passkeys/rename",
    "GET /account/factors/passkeys/remove",
    "POST /account/factors/passkeys/remove",
    "GET /account/factors/totp",
    "POST /account/factors/totp",
    "GET /account/factors/totp/confirm",
    "POST /account/factors/totp/confirm",
    "GET /account/factors/totp/rename",
    "POST /account/factors/totp/rename",
    "GET /account/factors/totp/remove",
    "POST /account/factors/totp/remove",
    "GET /account/factors/recovery-codes",
    "POST /account/factors/recovery-codes",
    "GET /account/password",
    "POST /account/password",
];

/// The page that changes the password asks for the old one itself; only who has a second factor is asked before.
fn asks(name: &str, has_second: bool) -> bool {
    ASKS.contains(&name) && (has_second || !name.ends_with(" /account/password"))
}

#[tokio::test]
async fn asvs_7_5_1_a_proof_that_is_too_old_opens_nothing_that_could_hand_the_account_over() {
    let app = TestApp::start().await;
    put_a_letter(&app).await;
    let visitor = app.person("alice").await;
    age(&app).await;
    for route in &app::routes(&app.state).list() {
        let name = name(route);
        let mut browser = if signs_out(&name) { app.signed_in("alice").await } else { visitor.clone() };
        let answer = ask(route, &mut browser).await;
        assert_guarded(&answer, &name);
        if asks(&name, false) {
            assert_eq!(told(&answer), format!("303 /reauth?next={}", route.policy.path), "{name}: {answer:?}");
        } else {
            assert_eq!(told(&answer), expected(&name)[1], "{name}: {answer:?}");
        }
    }
}

/// A remembered browser showed the password alone, a moment ago.
#[tokio::test]
async fn asvs_7_5_1_nor_does_a_password_alone_where_there_is_a_second_factor() {
    let app = TestApp::start().await;
    put_a_letter(&app).await;
    let visitor = app.person("alice").await;
    factors::add_totp(&app, "alice", "Phone").await;
    for route in &app::routes(&app.state).list() {
        let name = name(route);
        if signs_out(&name) || name == "POST /account/password" {
            continue;
        }
        let answer = ask(route, &mut visitor.clone()).await;
        let asked = told(&answer).starts_with("303 /reauth?next=");
        assert_eq!(asked, asks(&name, true), "{name}: {answer:?}");
    }
}
