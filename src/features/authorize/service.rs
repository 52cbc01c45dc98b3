//! The use cases: validating a request, deciding the next step, asking for consent, responding.

use serde_json::json;

use super::{
    forms::{self, Malformed},
    model::{AppAnswer, AuthorizationRequest, Consented, Decision, ErrorCode, Person, Session, Times, decide},
};
use crate::{
    apps::{
        self, App, ClientAuth, Consent, Scope,
        consents::{self, RememberedConsent},
        documents,
        grants::{self, NewCode, NewGrant},
        requests,
    },
    audit::{Event, Unit, log::network},
    limits::{self, Spend},
    sessions::{LiveSession, pending},
    signin::challenge,
    state::AppState,
    types::{Request, ReturnTo, SecretToken},
    web::{AppError, Parameters},
};

/// A request with its app.
#[derive(Debug)]
pub struct Flow {
    /// The app.
    pub app: App,
    /// The validated request.
    pub request: AuthorizationRequest,
    /// Its stored form; `None` for a request that has just arrived.
    pub stored: Option<Stored>,
}

/// The stored form of a request.
#[derive(Debug)]
pub struct Stored {
    /// Its id.
    pub id: SecretToken,
    /// The secret of the browser that brought it.
    browser: SecretToken,
    /// When it arrived.
    created_at: time::OffsetDateTime,
}

/// The result of validating a new request.
#[must_use]
#[derive(Debug)]
pub enum Arrived {
    /// It is valid.
    Good(Box<Flow>),
    /// The app gets an error, in its popup if it uses one.
    Answer { answer: AppAnswer, popup: bool },
    /// It is malformed, or its redirect address is unknown.
    Malformed,
    /// Its pushed request is unknown, used, expired or another app's.
    Over,
}

/// The result of continuing a stored request.
#[must_use]
#[derive(Debug)]
pub enum Resumed {
    /// It can continue.
    Good(Box<Flow>),
    /// It was answered or has expired.
    Over,
    /// Another browser brought it.
    Foreign,
}

/// The result of advancing a request.
#[must_use]
#[derive(Debug)]
pub enum Outcome {
    /// The app gets a response.
    Answer(AppAnswer),
    /// The user must do something first.
    First(Decision),
    /// The request was answered in the meantime.
    Over,
}

/// Validates a new request.
pub async fn check(state: &AppState, request: &Request, parameters: &Parameters) -> Result<Arrived, AppError> {
    let client_id = match forms::check_size(parameters).and_then(|()| forms::client_id(parameters)) {
        Ok(client_id) => client_id,
        Err(malformed) => return Ok(refuse(state, request, malformed, parameters, None)),
    };
    let app = match find_app(state, request, client_id).await? {
        Ok(app) => app,
        Err(malformed) => return Ok(refuse(state, request, malformed, parameters, None)),
    };
    match forms::pushed(parameters) {
        Ok(None) => {}
        Ok(Some(id)) => return take_pushed(state, request, app, &id, parameters).await,
        Err(malformed) => return Ok(refuse(state, request, malformed, parameters, Some(&app))),
    }
    let target = match forms::target(&app, parameters) {
        Ok(target) => target,
        Err(malformed) => return Ok(refuse(state, request, malformed, parameters, Some(&app))),
    };
    let parsed = forms::parse(&app, &target, parameters);
    if let Some(malformed) = forms::answers_unasked(&app, &parsed) {
        return Ok(refuse(state, request, malformed, parameters, Some(&app)));
    }
    Ok(match parsed {
        Ok(request) => Arrived::Good(Box::new(Flow { app, request, stored: None })),
        Err(refusal) => {
            let answer = AppAnswer::error(&target, refusal.code, refusal.description, issuer(state));
            Arrived::Answer { answer, popup: app.popup }
        }
    })
}

/// Uses a pushed request, once. Other parameters of the browser's request are ignored (RFC 9126 section 4).
async fn take_pushed(
    state: &AppState,
    request: &Request,
    app: App,
    id: &SecretToken,
    parameters: &Parameters,
) -> Result<Arrived, AppError> {
    let taken = requests::take_pushed(&mut *state.db.acquire().await?, id, app.id).await?;
    let taken: Option<AuthorizationRequest> = taken.and_then(|parameters| serde_json::from_value(parameters).ok());
    if let Some(request) = taken.and_then(|pushed| pushed.still(&app)) {
        return Ok(Arrived::Good(Box::new(Flow { app, request, stored: None })));
    }
    let reason = Malformed("the pushed request is unknown, used, expired or of another app");
    let _ = refuse(state, request, reason, parameters, Some(&app));
    Ok(Arrived::Over)
}

/// Validates and stores a pushed request. Returns its id.
pub async fn push(
    state: &AppState,
    request: &Request,
    app: &App,
    parameters: &Parameters,
) -> Result<SecretToken, AppError> {
    let pushed = forms::push(app, parameters)?;
    let mut connection = state.db.acquire().await?;
    // Anyone can push a request as an app without a secret.
    if app.auth == ClientAuth::None {
        let buckets = limits::app_requests(request.address);
        if let Spend::Limited(throttled) = limits::spend_all(&mut connection, &buckets).await? {
            return Err(AppError::Throttled(throttled));
        }
    }
    Ok(requests::store(&mut connection, app.id, &json!(pushed), None).await?)
}

/// Finds the app of a `client_id`: registered, or described by a document at that address.
async fn find_app(state: &AppState, request: &Request, client_id: &str) -> Result<Result<App, Malformed>, AppError> {
    if !documents::is_address(client_id) {
        let app = apps::find(&mut *state.db.acquire().await?, client_id).await?;
        return Ok(app.ok_or(Malformed("no app has this client_id")));
    }
    let found = state.documents.find(&state.recorder(request), request, client_id).await?;
    let app = found.into_app().map_err(AppError::Throttled)?;
    Ok(app.ok_or(Malformed("no app describes itself at this address")))
}

fn issuer(state: &AppState) -> String {
    state.config.site.public_url.origin()
}

/// Logs why a request was refused, and the registered addresses. The response reveals neither.
fn refuse(
    state: &AppState,
    request: &Request,
    Malformed(reason): Malformed,
    parameters: &Parameters,
    app: Option<&App>,
) -> Arrived {
    let network = network(request.address);
    if state.sampler.admits(network, "authorization request refused") {
        let sent = |name| parameters.all(name).next().unwrap_or_default().chars().take(200).collect::<String>();
        let (client_id, redirect_uri) = (sent("client_id"), sent("redirect_uri"));
        let registered = app.map(|app| app.redirects.join(" "));
        let request_id = &request.id;
        tracing::warn!(request_id, %network, reason, client_id, redirect_uri, registered, "authorization request refused");
    }
    Arrived::Malformed
}

/// Stores a request for a browser. Returns the path that continues it.
pub async fn store(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    browser: &SecretToken,
) -> Result<String, AppError> {
    let mut connection = state.db.acquire().await?;
    let buckets = limits::app_requests(request.address);
    if let Spend::Limited(throttled) = limits::spend_all(&mut connection, &buckets).await? {
        return Err(AppError::Throttled(throttled));
    }
    let id = requests::store(&mut connection, flow.app.id, &json!(flow.request), Some(&browser.digest())).await?;
    Ok(requests::path(&id))
}

/// Finds a stored request.
pub async fn resume(
    state: &AppState,
    id: Option<SecretToken>,
    browser: Option<&SecretToken>,
) -> Result<Resumed, AppError> {
    let Some(id) = id else { return Ok(Resumed::Over) };
    let mut connection = state.db.acquire().await?;
    let Some(stored) = requests::find(&mut connection, &id).await?.filter(|stored| !stored.expired) else {
        return Ok(Resumed::Over);
    };
    let Some(browser) = browser.filter(|browser| stored.is_of(Some(browser))) else { return Ok(Resumed::Foreign) };
    let app = apps::find_by_id(&mut connection, stored.app_id).await?.map(|app| state.documents.with_resources(app));
    let request: Option<AuthorizationRequest> = serde_json::from_value(stored.parameters).ok();
    let (Some(app), Some(request), false) = (app, request, stored.used) else { return Ok(Resumed::Over) };
    let Some(request) = request.still(&app) else { return Ok(Resumed::Over) };
    let stored = Stored { id, browser: browser.clone(), created_at: stored.created_at };
    Ok(Resumed::Good(Box::new(Flow { app, request, stored: Some(stored) })))
}

/// Decides the next step of a request, and responds to the app if none is left.
pub async fn advance(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    visitor: Visitor<'_>,
) -> Result<Outcome, AppError> {
    match (decision(state, request, flow, visitor).await?, visitor.live()) {
        (Decision::Issue, Some(live)) => match issue(state, request, flow, live, false).await? {
            Some(outcome) => Ok(outcome),
            None => decide_again(state, request, flow, visitor).await,
        },
        (Decision::Refuse(code), _) => deny(state, request, flow, code).await,
        (decision, _) => Ok(Outcome::First(decision)),
    }
}

/// Decides again after the consent or the session was gone when the grant was to be opened.
async fn decide_again(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    visitor: Visitor<'_>,
) -> Result<Outcome, AppError> {
    let decision = match decision(state, request, flow, visitor).await? {
        // The consent is there, so the session ended.
        Decision::Issue => flow.decide(Visitor::Nobody, Consented::Now, request.now),
        decision => decision,
    };
    match decision {
        Decision::Refuse(code) => deny(state, request, flow, code).await,
        decision => Ok(Outcome::First(decision)),
    }
}

/// Decides the next step of a request without changing anything.
pub async fn decision(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    visitor: Visitor<'_>,
) -> Result<Decision, AppError> {
    // Without a session, nothing depends on the time.
    let Some(live) = visitor.live() else { return Ok(flow.decide(visitor, Consented::Now, request.now)) };
    let remembered = consents::find(&mut *state.db.acquire().await?, live.user_id, flow.app.id).await?;
    Ok(flow.decide(visitor, Consented::Before(&remembered), remembered.now))
}

/// Returns the page of the second factor that this browser's sign-in waits for, and makes it lead to `next`.
pub async fn second_step(
    state: &AppState,
    secret: Option<&SecretToken>,
    next: &ReturnTo,
) -> Result<Option<String>, AppError> {
    let (Some(secret), Some((_, factors))) = (secret, challenge::waiting(state, secret).await?) else {
        return Ok(None);
    };
    pending::lead_to(&mut *state.db.acquire().await?, &secret.digest(), next).await?;
    Ok(Some(challenge::login_path_of(&factors, Some(next))))
}

/// The visitor, with their session.
#[derive(Clone, Copy, Debug)]
pub enum Visitor<'a> {
    /// Not signed in.
    Nobody,
    /// Signed in to an account whose address must be verified first.
    Unverified,
    /// Signed in.
    SignedIn(&'a LiveSession),
}

impl<'a> Visitor<'a> {
    fn live(self) -> Option<&'a LiveSession> {
        if let Self::SignedIn(live) = self { Some(live) } else { None }
    }
}

impl Flow {
    fn decide(&self, visitor: Visitor<'_>, consented: Consented<'_>, now: time::OffsetDateTime) -> Decision {
        let person = match visitor {
            Visitor::Nobody => Person::Nobody,
            Visitor::Unverified => Person::Unverified,
            Visitor::SignedIn(live) => Person::SignedIn(Session::of(live, &self.app)),
        };
        let begun = self.stored.as_ref().map(|stored| stored.created_at);
        decide(&person, &self.request, &self.app, consented, Times { now, begun })
    }

    /// Uses the stored request. Returns `false` if it was used before or has expired.
    async fn spend(&self, unit: &mut Unit) -> sqlx::Result<bool> {
        match &self.stored {
            Some(stored) => requests::spend(unit, &stored.id, &stored.browser).await,
            None => Ok(true),
        }
    }
}

/// Handles the user's answer on the consent page.
pub async fn answer_consent(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    visitor: Visitor<'_>,
    allowed: bool,
) -> Result<Outcome, AppError> {
    let Some(live) = visitor.live() else { return Ok(Outcome::First(Decision::SignIn)) };
    let RememberedConsent { now, .. } =
        consents::find(&mut *state.db.acquire().await?, live.user_id, flow.app.id).await?;
    match flow.decide(visitor, Consented::Now, now) {
        Decision::Issue if allowed => {
            let issued = issue(state, request, flow, live, true).await?;
            Ok(issued.unwrap_or(Outcome::First(Decision::SignIn)))
        }
        Decision::Issue => deny(state, request, flow, ErrorCode::AccessDenied).await,
        decision => Ok(Outcome::First(decision)),
    }
}

/// Responds to a request with an error.
async fn deny(state: &AppState, request: &Request, flow: &Flow, code: ErrorCode) -> Result<Outcome, AppError> {
    let answer = AppAnswer::error(&flow.request.target, code, "", issuer(state));
    if flow.stored.is_none() {
        return Ok(Outcome::Answer(answer));
    }
    let mut unit = state.recorder(request).begin().await?;
    if !flow.spend(&mut unit).await? {
        return Ok(Outcome::Over);
    }
    unit.commit().await?;
    Ok(Outcome::Answer(answer))
}

/// Responds to a request with a code, or returns `None` if the session or the remembered consent is gone. A request
/// that was not stored takes a single statement.
async fn issue(
    state: &AppState,
    request: &Request,
    flow: &Flow,
    live: &LiveSession,
    consented: bool,
) -> Result<Option<Outcome>, AppError> {
    let AuthorizationRequest { target, scopes, resources, challenge, nonce, claims, .. } = &flow.request;
    let offline = scopes.iter().any(|scope| scope == Scope::OfflineAccess.code());
    let offline = offline.then_some(state.config.apps.refresh_max);
    let remembered = !consented && flow.app.consent == Consent::Ask;
    let grant = NewGrant { app_id: flow.app.id, session_id: live.id, scopes, resources, offline, remembered };
    let (challenge, nonce) = (challenge.as_ref(), nonce.as_deref());
    let code = NewCode { redirect_uri: &target.redirect_uri, challenge, nonce, claims };
    let opened = if flow.stored.is_none() {
        grants::open(&mut *state.db.acquire().await?, &grant, &code).await?
    } else {
        let mut unit = state.recorder(request).begin().await?;
        if !flow.spend(&mut unit).await? {
            return Ok(Some(Outcome::Over));
        }
        if consented && consents::remember(&mut unit, live.user_id, flow.app.id, scopes, resources).await? {
            let client_id = flow.app.client_id.clone();
            unit.record(Event::AppAuthorized { client_id }, live.user_id, Some(live.id));
        }
        let opened = grants::open(&mut unit, &grant, &code).await?;
        // If nothing was opened, the request stays unused.
        if opened.is_some() {
            unit.commit().await?;
        }
        opened
    };
    Ok(opened.map(|code| Outcome::Answer(AppAnswer::code(target, &code, issuer(state)))))
}
