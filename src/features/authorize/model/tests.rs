//! What comes next for a request, case by case.

use super::*;
use crate::{
    apps::{AccessFormat, ClientAuth, Pkce, SigningAlgorithm},
    types::{AppId, TokenKind},
};

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn app() -> App {
    App {
        id: AppId::random(),
        client_id: "wiki".into(),
        kind: AppKind::Web,
        name: "Wiki".into(),
        auth: ClientAuth::Secret,
        pkce: Pkce::Offered,
        used_pkce_at: None,
        id_token_alg: SigningAlgorithm::Rs256,
        access_format: AccessFormat::Opaque,
        id_token_claims: false,
        consent: Consent::Ask,
        min_aal: 1,
        scopes: Vec::new(),
        resources: Vec::new(),
        backchannel_uri: None,
        popup: false,
        preflight: false,
        disabled_at: None,
        created_at: at(0),
        secrets: Vec::new(),
        redirects: Vec::new(),
        post_logouts: Vec::new(),
        origins: Vec::new(),
        gates: Vec::new(),
        groups: Vec::new(),
    }
}

fn target(redirect_uri: &str) -> Target {
    Target { redirect_uri: redirect_uri.into(), state: Some("a b&c".into()), form_post: false }
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        target: target("https://wiki.example/cb"),
        scopes: texts(&["openid", "email"]),
        resources: Vec::new(),
        challenge: None,
        nonce: None,
        claims: Vec::new(),
        prompt: Prompt::default(),
        max_age: None,
        aal: None,
        login_hint: None,
        lang: None,
        subject: None,
    }
}

/// Signed in at second 1000, and admitted.
fn session() -> Session {
    let user_id = UserId(Uuid::nil());
    Session { user_id, authenticated_at: at(1000), aal: 1, proves_best: true, must_enrol: false, admitted: true }
}

fn remembered(scopes: &[&str]) -> RememberedConsent {
    RememberedConsent { now: at(1100), scopes: Some(texts(scopes)), resources: Some(Vec::new()) }
}

const FRESH: Times = Times { now: OffsetDateTime::UNIX_EPOCH, begun: None };

/// Decides at second 1100, with a consent to everything.
fn decided(person: &Person, request: &AuthorizationRequest, app: &App) -> Decision {
    let consent = remembered(&["openid", "email"]);
    decide(person, request, app, Consented::Before(&consent), Times { now: at(1100), ..FRESH })
}

fn silent(request: AuthorizationRequest) -> AuthorizationRequest {
    AuthorizationRequest { prompt: Prompt { none: true, ..Prompt::default() }, ..request }
}

#[test]
fn row_12_whoever_is_not_wholly_signed_in_goes_to_what_comes_first() {
    let enrols = Person::SignedIn(Session { must_enrol: true, ..session() });
    for (person, first, error) in [
        (Person::Nobody, Decision::SignIn, ErrorCode::LoginRequired),
        (Person::Unverified, Decision::Verify, ErrorCode::InteractionRequired),
        (enrols, Decision::Enrol, ErrorCode::InteractionRequired),
    ] {
        assert_eq!(decided(&person, &request(), &app()), first);
        assert_eq!(decided(&person, &silent(request()), &app()), Decision::Refuse(error));
        let consented = decide(&person, &request(), &app(), Consented::Now, FRESH);
        assert_eq!(consented, first, "a consent changes nothing about that");
    }
    assert_eq!(decided(&Person::SignedIn(session()), &request(), &app()), Decision::Issue);
    assert_eq!(decided(&Person::SignedIn(session()), &silent(request()), &app()), Decision::Issue);
}

#[test]
fn an_app_that_does_not_admit_the_person_gets_nothing() {
    let person = Person::SignedIn(Session { admitted: false, ..session() });
    assert_eq!(decided(&person, &request(), &app()), Decision::NoAccess);
    assert_eq!(decided(&person, &silent(request()), &app()), Decision::Refuse(ErrorCode::AccessDenied));
}

#[test]
fn whoever_authenticated_too_long_ago_does_so_again_and_then_passes() {
    let person = Person::SignedIn(session());
    let login = AuthorizationRequest { prompt: Prompt { login: true, ..Prompt::default() }, ..request() };
    let aged = |max_age| AuthorizationRequest { max_age: Some(max_age), ..request() };
    for (request, decision) in [
        (login.clone(), Decision::Reauthenticate),
        (aged(0), Decision::Reauthenticate),
        (aged(99), Decision::Reauthenticate),
        (aged(100), Decision::Issue),
        (aged(10_000), Decision::Issue),
    ] {
        assert_eq!(decided(&person, &request, &app()), decision, "{request:?}");
    }
    assert_eq!(decided(&person, &silent(aged(1)), &app()), Decision::Refuse(ErrorCode::LoginRequired));
    let consent = remembered(&["openid", "email"]);
    for request in [login, aged(1)] {
        for (begun, decision) in [(1000, Decision::Issue), (999, Decision::Issue), (1001, Decision::Reauthenticate)] {
            let times = Times { now: at(1100), begun: Some(at(begun)) };
            assert_eq!(decide(&person, &request, &app(), Consented::Before(&consent), times), decision, "{begun}");
        }
    }
}

#[test]
fn a_higher_level_is_reached_with_the_second_factor_or_by_adding_one() {
    let with = |aal, proves_best| Person::SignedIn(Session { aal, proves_best, ..session() });
    let wants = AuthorizationRequest { aal: Some(2), ..request() };
    let strict = App { min_aal: 2, ..app() };
    for (request, app) in [(&wants, &app()), (&request(), &strict)] {
        assert_eq!(decided(&with(1, false), request, app), Decision::Reauthenticate);
        assert_eq!(decided(&with(1, true), request, app), Decision::Enrol);
        assert_eq!(decided(&with(2, true), request, app), Decision::Issue);
        let silent = silent(request.clone());
        for person in [with(1, false), with(1, true)] {
            assert_eq!(decided(&person, &silent, app), Decision::Refuse(ErrorCode::InteractionRequired));
        }
    }
}

#[test]
fn consent_is_asked_once_for_the_same_or_less() {
    let person = Person::SignedIn(session());
    let times = Times { now: at(1100), begun: None };
    let after = |consent: &RememberedConsent, request: &AuthorizationRequest, app: &App| {
        decide(&person, request, app, Consented::Before(consent), times)
    };
    let never = RememberedConsent { now: at(1100), scopes: None, resources: None };
    let offline = AuthorizationRequest { scopes: texts(&["openid", "offline_access"]), ..request() };
    let abroad = AuthorizationRequest { resources: texts(&["https://api.example"]), ..request() };
    let nothing = AuthorizationRequest { scopes: Vec::new(), ..request() };
    let given = remembered(&["email", "openid"]);
    assert_eq!(after(&given, &request(), &app()), Decision::Issue);
    assert_eq!(after(&given, &nothing, &app()), Decision::Issue);
    for (consent, request) in [(&never, &nothing), (&never, &request()), (&given, &offline), (&given, &abroad)] {
        assert_eq!(after(consent, request, &app()), Decision::Consent, "{request:?}");
        let trusted = App { consent: Consent::Trusted, ..app() };
        assert_eq!(after(consent, request, &trusted), Decision::Issue, "{request:?}");
        assert_eq!(after(consent, &silent(request.clone()), &app()), Decision::Refuse(ErrorCode::ConsentRequired));
        assert_eq!(decide(&person, request, &app(), Consented::Now, times), Decision::Issue);
    }
}

#[test]
fn row_11_and_17_some_are_always_asked() {
    let person = Person::SignedIn(session());
    let trusted = App { consent: Consent::Trusted, ..app() };
    let prompted = |prompt| AuthorizationRequest { prompt, ..request() };
    let someone_else = AuthorizationRequest { subject: Some(Uuid::max()), ..request() };
    let same = AuthorizationRequest { subject: Some(Uuid::nil()), ..request() };
    for asked in [
        prompted(Prompt { consent: true, ..Prompt::default() }),
        prompted(Prompt { select_account: true, ..Prompt::default() }),
        someone_else.clone(),
    ] {
        assert_eq!(decided(&person, &asked, &trusted), Decision::Consent, "{asked:?}");
    }
    assert_eq!(decided(&person, &same, &trusted), Decision::Issue);
    assert_eq!(decided(&person, &silent(someone_else), &trusted), Decision::Refuse(ErrorCode::LoginRequired));
    let document = App { kind: AppKind::Document, ..app() };
    assert_eq!(decided(&person, &request(), &document), Decision::Consent);
    let public = App { kind: AppKind::Public, ..app() };
    assert_eq!(decided(&person, &request(), &public), Decision::Issue, "its address is on the web");
    for device in ["http://127.0.0.1:5000/cb", "http://localhost/cb", "com.example.app:/cb"] {
        let request = AuthorizationRequest { target: target(device), ..request() };
        assert_eq!(decided(&person, &request, &public), Decision::Consent, "{device}");
        assert_eq!(decided(&person, &request, &app()), Decision::Issue, "{device}: its secret tells it from others");
    }
}

#[test]
fn row_16_every_answer_names_its_issuer_and_leaves_the_address_as_it_is() {
    let issuer = || "https://id.example.com".to_owned();
    for (redirect_uri, begins) in [
        ("https://a.example/cb", "https://a.example/cb?error="),
        ("https://a.example/cb?", "https://a.example/cb?error="),
        ("https://a.example/cb?x=%2f", "https://a.example/cb?x=%2f&error="),
        ("app.immich:///oauth-callback", "app.immich:///oauth-callback?error="),
    ] {
        let answer = AppAnswer::error(&target(redirect_uri), ErrorCode::InvalidTarget, "what & why", issuer());
        let address = answer.address();
        assert!(address.starts_with(begins), "{address}");
        let rest = "invalid_target&error_description=what+%26+why&state=a+b%26c&iss=https%3A%2F%2Fid.example.com";
        assert!(address.ends_with(rest), "{address}");
    }
    let code = AppToken::random(TokenKind::Code);
    let answer = AppAnswer::code(&Target { state: None, ..target("https://a.example") }, &code, issuer());
    let expected = format!("https://a.example?code={}&iss=https%3A%2F%2Fid.example.com", code.reveal());
    assert_eq!(answer.address(), expected);
}

#[test]
fn the_host_that_a_person_reads_is_that_of_the_address() {
    assert_eq!(host("https://a.example:8443/cb").as_deref(), Some("a.example:8443"));
    assert_eq!(host("https://a.example").as_deref(), Some("a.example"));
    for device in ["http://127.0.0.1/cb", "oc://android.owncloud.com", "app.immich:///cb", ""] {
        assert_eq!(host(device), None, "{device}");
    }
}
