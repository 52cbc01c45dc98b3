//! Requests of apps, their next steps, and the responses.

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

/// An error code for the app (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, RFC 8707).
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

/// Where and how the response goes to the app.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Target {
    /// The registered redirect address.
    pub redirect_uri: String,
    /// Returned unchanged.
    pub state: Option<String>,
    /// Whether the response is a form that the browser posts (`form_post`), instead of a query.
    pub form_post: bool,
}

/// The interaction that a request wants (`prompt`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent values of one parameter")]
pub struct Prompt {
    /// The user must not be asked anything.
    pub none: bool,
    /// The user must authenticate again.
    pub login: bool,
    /// The user must be asked for consent.
    pub consent: bool,
    /// The user must be asked which account to use.
    pub select_account: bool,
}

/// A validated request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuthorizationRequest {
    /// Where the response goes.
    pub target: Target,
    /// The scopes that the app may be granted.
    pub scopes: Vec<String>,
    /// The resources that its access tokens are for.
    pub resources: Vec<String>,
    /// The PKCE challenge (S256).
    pub challenge: Option<[u8; 32]>,
    /// Returned in the ID token.
    pub nonce: Option<String>,
    /// Claims requested for the ID token.
    pub claims: Vec<String>,
    /// The requested interaction.
    pub prompt: Prompt,
    /// Maximum number of seconds since the user authenticated.
    pub max_age: Option<u32>,
    /// Minimum assurance level.
    pub aal: Option<i16>,
    /// The identifier that the app expects the user to sign in with.
    pub login_hint: Option<String>,
    /// The language that the app requests for the user.
    pub lang: Option<Lang>,
    /// The account that the user must be.
    pub subject: Option<Uuid>,
}

impl AuthorizationRequest {
    /// Returns what the app may still request, or `None` if the app, the redirect address or a resource is gone. Apps
    /// and documents change while a request waits.
    pub fn still(mut self, app: &App) -> Option<Self> {
        let gets_codes = app.is_enabled() && app.kind.gets_codes() && app.redirects_to(&self.target.redirect_uri);
        let has_resources = self.resources.iter().all(|resource| app.resources.contains(resource));
        self.scopes.retain(|scope| app.scopes.contains(scope));
        (gets_codes && has_resources && !self.is_silent_for_unchecked(app)).then_some(self)
    }

    /// Returns whether an app that nobody has checked wants an answer without a page. Any site could describe itself as
    /// an app, and would learn who its visitors are.
    pub fn is_silent_for_unchecked(&self, app: &App) -> bool {
        app.kind == AppKind::Document && self.prompt.none
    }
}

/// The properties of a session that decisions depend on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Session {
    /// The account.
    pub user_id: UserId,
    /// When the user last authenticated.
    pub authenticated_at: OffsetDateTime,
    /// The assurance level.
    pub aal: i16,
    /// Whether it has the highest level that the account can reach.
    pub proves_best: bool,
    /// Whether the account must add a second factor first.
    pub must_enrol: bool,
    /// Whether the app admits the user.
    pub admitted: bool,
}

/// The visitor, as far as decisions depend on them.
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
    /// Extracts the properties of a session for this app.
    pub fn of(live: &LiveSession, app: &App) -> Self {
        let LiveSession { user_id, authenticated_at, aal, proves_best, must_enrol, .. } = *live;
        Self { user_id, authenticated_at, aal, proves_best, must_enrol, admitted: app.admits(&live.groups) }
    }
}

/// The user's consent to the app.
#[derive(Clone, Copy, Debug)]
pub enum Consented<'a> {
    /// The stored consent.
    Before(&'a RememberedConsent),
    /// Consent to exactly this request, given just now.
    Now,
}

/// Times by the database's clock.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Now.
    pub now: OffsetDateTime,
    /// When a stored request arrived.
    pub begun: Option<OffsetDateTime>,
}

/// The next step of a request.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// The visitor signs in.
    SignIn,
    /// The user verifies their email address.
    Verify,
    /// The user adds a second factor.
    Enrol,
    /// The user authenticates again, with a second factor if they have one.
    Reauthenticate,
    /// The app does not admit the user.
    NoAccess,
    /// The user is asked for consent.
    Consent,
    /// The app gets an error.
    Refuse(ErrorCode),
    /// The app gets a code.
    Issue,
}

/// Returns the next step of a request, in the order in which the user meets them.
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

/// Returns whether the user must authenticate again. Doing so once after the request arrived is enough, however long
/// the rest takes.
fn is_too_old(session: &Session, request: &AuthorizationRequest, times: Times) -> bool {
    if times.begun.is_some_and(|begun| session.authenticated_at >= begun) {
        return false;
    }
    let age = times.now - session.authenticated_at;
    request.prompt.login || request.max_age.is_some_and(|most| age > Duration::seconds(most.into()))
}

/// Returns whether the session's assurance level is below what the app or the request requires.
fn needs_more(person: &Person, request: &AuthorizationRequest, app: &App) -> bool {
    let least = request.aal.unwrap_or(1).max(app.min_aal);
    matches!(person, Person::SignedIn(session) if session.aal < least)
}

fn is_someone_else(person: &Person, request: &AuthorizationRequest) -> bool {
    matches!((person, request.subject), (Person::SignedIn(session), Some(subject)) if session.user_id.0 != subject)
}

/// Returns whether the user is asked for consent.
fn asks(person: &Person, request: &AuthorizationRequest, app: &App, remembered: &RememberedConsent) -> bool {
    let Prompt { consent, select_account, .. } = request.prompt;
    consent
        || select_account
        || is_someone_else(person, request)
        || app.kind == AppKind::Document
        // Any program on the device can receive the response and pose as the app (RFC 8252 section 8.6).
        || (app.kind == AppKind::Public && host(&request.target.redirect_uri).is_none())
        || (app.consent == Consent::Ask && !remembered.covers(&request.scopes, &request.resources))
}

/// A response to an app, sent through the browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppAnswer {
    /// Where it goes.
    pub redirect_uri: String,
    /// Whether the browser posts it as a form.
    pub form_post: bool,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
}

impl AppAnswer {
    /// Creates a response with a code.
    pub fn code(target: &Target, code: &AppToken, issuer: String) -> Self {
        Self::new(target, vec![("code", code.reveal().to_owned())], issuer)
    }

    /// Creates an error response, with a sentence for the app's developer.
    pub fn error(target: &Target, code: ErrorCode, description: &str, issuer: String) -> Self {
        let code: &'static str = code.into();
        let mut parameters = vec![("error", code.to_owned())];
        if !description.is_empty() {
            parameters.push(("error_description", description.to_owned()));
        }
        Self::new(target, parameters, issuer)
    }

    /// Adds `state` and `iss`. The issuer prevents mix-up attacks on apps with several providers (RFC 9207).
    fn new(target: &Target, mut parameters: Vec<(&'static str, String)>, issuer: String) -> Self {
        parameters.extend(target.state.clone().map(|state| ("state", state)));
        parameters.push(("iss", issuer));
        Self { redirect_uri: target.redirect_uri.clone(), form_post: target.form_post, parameters }
    }

    /// Returns the redirect address with the response in its query.
    pub fn address(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        with_query(&self.redirect_uri, &query)
    }
}

#[cfg(test)]
mod tests;
