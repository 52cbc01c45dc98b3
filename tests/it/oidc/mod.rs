//! The OpenID provider: attacks by the number of their row, and modules of the conformance suite by name.

mod authorize_answers;
mod authorize_attacks;
mod authorize_modules;
mod authorize_people;
mod bearer_origins;
mod connected_apps;
mod consent;
mod document_attacks;
mod documents;
mod id_token;
mod introspection;
mod judge;
mod meanwhile;
mod popup;
mod programs;
mod pushed;
mod register;
mod token_client;
mod token_code;
mod token_refresh;
mod token_service;
mod userinfo;
mod whole;

use std::collections::BTreeMap;

use url::{Url, form_urlencoded};

use crate::support::{app::TestApp, apps::REDIRECT, browser::Browser, http::Answer};

/// A challenge of RFC 7636, appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The path of a request with these parameters, which may repeat.
pub fn path(parameters: &[(&str, &str)]) -> String {
    format!("/oauth/authorize?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish())
}

/// A good request of an app, with these parameters changed or added; an empty one is left out.
pub fn good<'a>(client_id: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("client_id", client_id),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "a state"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

/// Brings a good request with changes.
pub async fn bring(browser: &mut Browser, client_id: &str, changes: &[(&str, &str)]) -> Answer {
    browser.get(&path(&good(client_id, changes))).await
}

/// The parameters of an answer that went to an app by a redirect, or by a page that leads on.
#[track_caller]
pub fn answered(answer: &Answer) -> BTreeMap<String, String> {
    let to = match answer.status {
        303 => answer.location().to_owned(),
        _ => refreshed(answer),
    };
    assert!(to.starts_with(REDIRECT), "{to}");
    let mut found = BTreeMap::new();
    for (name, value) in Url::parse(&to).expect("an address").query_pairs() {
        assert!(found.insert(name.into_owned(), value.into_owned()).is_none(), "{to}");
    }
    found
}

/// Where a page leads on automatically.
#[track_caller]
pub fn refreshed(answer: &Answer) -> String {
    let (_, after) = answer.body.split_once("content=\"0; url=").unwrap_or_else(|| panic!("{answer:?}"));
    after.split_once('"').expect("its end").0.replace("&#x2F;", "/").replace("&amp;", "&")
}

/// The error that an app was answered.
#[track_caller]
pub fn error_of(app: &TestApp, answer: &Answer) -> String {
    let found = answered(answer);
    assert_eq!(found.get("iss"), Some(&issuer(app)), "row 16: {found:?}");
    assert!(!found.contains_key("code"), "{found:?}");
    found.get("error").unwrap_or_else(|| panic!("no error in {found:?}")).clone()
}

/// The code that an app was answered.
#[track_caller]
pub fn code_of(app: &TestApp, answer: &Answer) -> String {
    let found = answered(answer);
    assert_eq!(found.get("iss"), Some(&issuer(app)), "row 16: {found:?}");
    assert_eq!(found.get("state").map(String::as_str), Some("a state"), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    found.get("code").unwrap_or_else(|| panic!("no code in {found:?}")).clone()
}

pub fn issuer(app: &TestApp) -> String {
    app.state.config.site.public_url.origin()
}

/// The path that continues the request for which a page leads somewhere else first.
#[track_caller]
pub fn next_of(answer: &Answer, first: &str) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    let rest = answer.location().strip_prefix(first).and_then(|rest| rest.strip_prefix("?next="));
    let next = rest.unwrap_or_else(|| panic!("{answer:?}"));
    assert!(next.starts_with("/oauth/authorize/continue?request="), "{next}");
    next.to_owned()
}

/// Follows what a form of ours led to, up to the request: by the page that breaks the chain of redirects.
pub async fn go_on(browser: &mut Browser, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(answer.location().starts_with("/return?next="), "{answer:?}");
    let page = browser.get(answer.location()).await;
    assert_eq!(page.status, 200, "{page:?}");
    browser.get(&refreshed(&page)).await
}

/// Sends the form of the consent page for a request.
pub async fn consent(browser: &mut Browser, next: &str, answer: &str) -> Answer {
    let page = format!("/oauth/consent?next={next}");
    let token = browser.csrf_token(&page).await;
    browser.post("/oauth/consent", &[("csrf_token", &token), ("next", next), ("answer", answer)]).await
}

/// Lets a person allow an app once, so that later requests need no page.
pub async fn allow(browser: &mut Browser, client_id: &str) {
    let next = next_of(&bring(browser, client_id, &[]).await, "/oauth/consent");
    let answer = consent(browser, &next, "allow").await;
    assert!(answer.status == 200 && refreshed(&answer).contains("code=vc_"), "{answer:?}");
}

/// How many codes there are.
pub async fn codes(app: &TestApp) -> i64 {
    app.count("select count(*) from authorization_codes").await
}

/// How many requests wait or were answered.
pub async fn requests(app: &TestApp) -> i64 {
    app.count("select count(*) from authorization_requests").await
}
