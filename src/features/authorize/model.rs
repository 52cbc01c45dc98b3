//! Requests of apps, what comes next for one, and the answers.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use time::{Duration, OffsetDateTime};
use url::form_urlencoded;
use uuid::Uuid;

use crate::{
    apps::{
        App, AppKind, Consent,
        address::{host, with_query},
        consents::RememberedConsent,
    },
    sessions::LiveSession,
    types::{AppToken, Lang, UserId},
};

/// An error that an app is answered (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, RFC 8707).
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the standards")]
pub enum ErrorCode {
    InvalidRequest,
    UnsupportedResponseType,
    InvalidTarget,
    AccessDenied,
    LoginRequired,
    InteractionRequired,
    ConsentRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
}

/// Where an answer goes, and how.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Target {
    /// The registered address.
    pub redirect_uri: String,
    /// Returned as it came.
    pub state: Option<String>,
    /// Whether the answer is a form that the browser sends, instead of a query.
    pub form_post: bool,
}

/// What a request says about interaction (`prompt`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent values of one parameter")]
pub struct Prompt {
    /// The person must not be asked anything.
    pub none: bool,
    /// The person must authenticate again.
    pub login: bool,
    /// The person must be asked to allow the app.
    pub consent: bool,
    /// The person must be asked who they are.
    pub select_account: bool,
}

/// A checked request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub target: Target,
    /// The scopes that the app may be granted.
    pub scopes: Vec<String>,
    /// The resources that its access tokens are for.
    pub resources: Vec<String>,
    /// The PKCE challenge (S256).
    pub challenge: Option<[u8; 32]>,
    /// Comes back in the ID token.
    pub nonce: Option<String>,
    /// Claims requested for the ID token.
    pub claims: Vec<String>,
    /// What the person is asked.
    pub prompt: Prompt,
    /// The most seconds since the person authenticated.
    pub max_age: Option<u32>,
    /// The least assurance level.
    pub aal: Option<i16>,
    /// Who the app thinks the person is, as they would type it.
    pub login_hint: Option<String>,
    /// The language that the app wants for the person.
    pub lang: Option<Lang>,
    /// The account that it must be.
    pub subject: Option<Uuid>,
}

/// What decides about a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// The account.
    pub user_id: UserId,
    /// When the person last authenticated.
    pub authenticated_at: OffsetDateTime,
    /// The assurance level.
    pub aal: i16,
    /// Whether it has the strongest level of the account.
    pub proves_best: bool,
    /// Whether the account must add a second factor first.
    pub must_enrol: bool,
    /// Whether the app admits the person.
    pub admitted: bool,
}

/// The visitor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Person {
    /// Not signed in.
    Nobody,
    /// Signed in to an account whose address must be verified first.
    Unverified,
    /// Signed in.
    SignedIn(Session),
}

impl Session {
    /// What decides about a session that brings a request of this app.
    pub fn of(live: &LiveSession, app: &App) -> Self {
        let LiveSession { user_id, authenticated_at, aal, proves_best, must_enrol, .. } = *live;
        Self { user_id, authenticated_at, aal, proves_best, must_enrol, admitted: app.admits(&live.groups) }
    }
}

/// What the person has allowed the app.
#[derive(Clone, Copy, Debug)]
pub enum Consented<'a> {
    /// What is remembered.
    Before(&'a RememberedConsent),
    /// Exactly this, just now.
    Now,
}

/// When things happened, by the database.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Now.
    pub now: OffsetDateTime,
    /// When a request arrived that was stored since.
    pub begun: Option<OffsetDateTime>,
}

/// What comes next for a request.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// The visitor signs in.
    SignIn,
    /// The person verifies their address.
    Verify,
    /// The person adds a second factor.
    Enrol,
    /// The person authenticates again, with a second factor if they have one.
    Reauthenticate,
    /// The app does not admit the person.
    NoAccess,
    /// The person is asked to allow the app.
    Consent,
    /// The app gets an error.
    Refuse(ErrorCode),
    /// The app gets a code.
    Issue,
}

/// Decides what comes next for a request, in the order in which a person meets it.
pub fn decide(
    person: &Person,
    request: &AuthorizationRequest,
    app: &App,
    consented: Consented<'_>,
    times: Times,
) -> Decision {
    let next = next(person, request, app, consented, times);
    match next {
        _ if !request.prompt.none => next,
        Decision::SignIn | Decision::Reauthenticate if !needs_more(person, request, app) => {
            Decision::Refuse(ErrorCode::LoginRequired)
        }
        Decision::Verify | Decision::Enrol | Decision::Reauthenticate | Decision::SignIn => {
            Decision::Refuse(ErrorCode::InteractionRequired)
        }
        Decision::NoAccess => Decision::Refuse(ErrorCode::AccessDenied),
        Decision::Consent if is_someone_else(person, request) => Decision::Refuse(ErrorCode::LoginRequired),
        Decision::Consent => Decision::Refuse(ErrorCode::ConsentRequired),
        Decision::Refuse(_) | Decision::Issue => next,
    }
}

fn next(
    person: &Person,
    request: &AuthorizationRequest,
    app: &App,
    consented: Consented<'_>,
    times: Times,
) -> Decision {
    let session = match person {
        Person::Nobody => return Decision::SignIn,
        Person::Unverified => return Decision::Verify,
        Person::SignedIn(session) => session,
    };
    if session.must_enrol {
        return Decision::Enrol;
    }
    if !session.admitted {
        return Decision::NoAccess;
    }
    if is_too_old(session, request, times) {
        return Decision::Reauthenticate;
    }
    if needs_more(person, request, app) {
        return if session.proves_best { Decision::Enrol } else { Decision::Reauthenticate };
    }
    match consented {
        Consented::Before(remembered) if asks(person, request, app, remembered) => Decision::Consent,
        Consented::Before(_) | Consented::Now => Decision::Issue,
    }
}

/// Returns whether the person must authenticate again. Once they did so after the request arrived, they need not any
/// more, however long the rest takes.
fn is_too_old(session: &Session, request: &AuthorizationRequest, times: Times) -> bool {
    if times.begun.is_some_and(|begun| session.authenticated_at >= begun) {
        return false;
    }
    let age = times.now - session.authenticated_at;
    request.prompt.login || request.max_age.is_some_and(|most| age > Duration::seconds(most.into()))
}

/// Returns whether the session has a lower assurance level than the app or the request wants.
fn needs_more(person: &Person, request: &AuthorizationRequest, app: &App) -> bool {
    let least = request.aal.unwrap_or(1).max(app.min_aal);
    matches!(person, Person::SignedIn(session) if session.aal < least)
}

fn is_someone_else(person: &Person, request: &AuthorizationRequest) -> bool {
    matches!((person, request.subject), (Person::SignedIn(session), Some(subject)) if session.user_id.0 != subject)
}

/// Returns whether the person is asked to allow the app.
fn asks(person: &Person, request: &AuthorizationRequest, app: &App, remembered: &RememberedConsent) -> bool {
    let Prompt { consent, select_account, .. } = request.prompt;
    consent
        || select_account
        || is_someone_else(person, request)
        || app.kind == AppKind::Document
        // Any program of the device can receive such an answer, so the app may be another one (RFC 8252 section 8.6).
        || (app.kind == AppKind::Public && host(&request.target.redirect_uri).is_none())
        || (app.consent == Consent::Ask && !remembered.covers(&request.scopes, &request.resources))
}

/// An answer to an app, which the browser carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppAnswer {
    /// Where it goes.
    pub redirect_uri: String,
    /// Whether it goes as a form.
    pub form_post: bool,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
}

impl AppAnswer {
    /// A code.
    pub fn code(target: &Target, code: &AppToken, issuer: String) -> Self {
        Self::new(target, vec![("code", code.reveal().to_owned())], issuer)
    }

    /// An error, with a sentence for the app's developer.
    pub fn error(target: &Target, code: ErrorCode, description: &str, issuer: String) -> Self {
        let code: &'static str = code.into();
        let mut parameters = vec![("error", code.to_owned())];
        if !description.is_empty() {
            parameters.push(("error_description", description.to_owned()));
        }
        Self::new(target, parameters, issuer)
    }

    /// Every answer names its issuer (RFC 9207), so that an app of several providers is not confused.
    fn new(target: &Target, mut parameters: Vec<(&'static str, String)>, issuer: String) -> Self {
        parameters.extend(target.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", issuer));
        Self { redirect_uri: target.redirect_uri.clone(), form_post: target.form_post, parameters }
    }

    /// The address with the answer in its query.
    pub fn address(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        with_query(&self.redirect_uri, &query)
    }
}

#[cfg(test)]
mod tests;
