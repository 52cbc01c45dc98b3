//! The context of a request: its metadata, parsed once.

mod forms;

use std::{
    borrow::Cow,
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, Request as HttpRequest},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    response::Response,
};
use time::OffsetDateTime;

use super::{
    AppError, Visitor,
    access::{Dialect, Policy},
    cookies::{self, CEREMONIES_MAX, Cookies, Name, Presented},
    csrf::Csrf,
    form::{About, Fields},
    parameters::Parameters,
    paths,
    redirect::with_next,
    session_layer::{CookieId, SessionCookie},
};
use crate::{
    http::client_ip::{client_ip, is_proxy},
    sessions::{USER_AGENT_MAX, return_paths},
    state::AppState,
    types::{Lang, Notice, Request, ReturnTo, SecretToken, now},
};

/// The context of one request: the service, the visitor and the parsed request. Cheap to clone; handlers take it as an
/// argument.
#[derive(Clone)]
pub struct Ctx {
    /// The service.
    pub state: AppState,
    facts: Arc<Facts>,
}

/// Prints only the request ID: the URL may contain the secret of an emailed link.
impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ctx").field(&self.facts.request_id).finish()
    }
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts of a request")]
struct Facts {
    request_id: String,
    now: OffsetDateTime,
    address: IpAddr,
    /// Whether a trusted proxy sent it.
    from_proxy: bool,
    lang: Lang,
    method: Method,
    requested: Uri,
    /// Parsed on demand: most requests do not need it.
    location: OnceLock<ReturnTo>,
    wants_json: bool,
    user_agent: Option<HeaderValue>,
    request: OnceLock<Request>,
    browser: Option<SecretToken>,
    link: Option<SecretToken>,
    pending: Option<SecretToken>,
    ceremonies: Vec<SecretToken>,
    notice: Option<Notice>,
    notice_taken: AtomicBool,
    csrf: Csrf,
    /// Whether the browser sent any cookie of ours.
    has_cookies: bool,
    /// Whether the browser says that a page of this origin led here.
    from_here: bool,
    /// The request whose form this one shows again.
    again: Option<Arc<Facts>>,
    /// What the form says, and the form itself until its handler takes it.
    about: OnceLock<About>,
    form: Mutex<Option<Result<Fields, AppError>>>,
    /// The body's parameters, on routes that take forms from anywhere.
    parameters: OnceLock<Result<Parameters, AppError>>,
    session: Option<CookieId>,
    visitor: OnceLock<Visitor>,
    policy: OnceLock<Policy>,
    /// The redirect target in the submitted form.
    next_in_form: OnceLock<ReturnTo>,
}

impl Ctx {
    /// The request ID, for visitors to quote and for searching the log.
    pub fn request_id(&self) -> &str {
        &self.facts.request_id
    }

    /// Arrival time by this machine's clock.
    pub fn now(&self) -> OffsetDateTime {
        self.facts.now
    }

    /// The language of the response.
    pub fn lang(&self) -> Lang {
        self.facts.lang
    }

    /// Returns whether the direct peer is a trusted proxy, whose headers count.
    pub fn from_proxy(&self) -> bool {
        self.facts.from_proxy
    }

    /// The request metadata for use cases.
    pub fn request(&self) -> &Request {
        self.facts.request.get_or_init(|| Request {
            id: self.facts.request_id.clone(),
            now: self.facts.now,
            address: self.facts.address,
            user_agent: self.facts.user_agent.as_ref().map(printable).unwrap_or_default(),
            lang: self.facts.lang,
            browser: self.facts.browser.clone(),
        })
    }

    /// The visitor; anonymous on routes that do not look up the session.
    pub fn visitor(&self) -> &Visitor {
        self.facts.visitor.get().unwrap_or(&Visitor::Anonymous)
    }

    /// The requested page, for redirecting back.
    pub fn location(&self) -> &ReturnTo {
        self.facts.location.get_or_init(|| location(&self.facts.requested))
    }

    /// The requested page with the redirect target that its form brought, so that the way back to it keeps that.
    pub(super) fn way_back(&self) -> Cow<'_, str> {
        let page = self.location().as_str();
        self.facts.next_in_form.get().map_or(page.into(), |next| with_next(page, next.as_str()).into())
    }

    /// Stores the redirect target of a form.
    pub(super) fn brought_next(&self, next: Option<ReturnTo>) {
        // The language switch brings the page it stands on.
        if let Some(next) =
            next.filter(|_| self.facts.requested.path() != paths::LANGUAGE && self.facts.requested.query().is_none())
        {
            self.facts.next_in_form.set(next).ok();
        }
    }

    /// The redirect target in the query.
    pub fn next(&self) -> Option<ReturnTo> {
        ReturnTo::parse(&self.query("next")?)
    }

    /// A decoded query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.facts.requested.query().unwrap_or_default().as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// Returns whether errors are rendered as `application/problem+json`.
    pub fn wants_json(&self) -> bool {
        self.facts.wants_json || self.policy().is_some_and(|policy| policy.dialect == Dialect::Problem)
    }

    /// Returns whether the request wants to change something.
    pub(super) fn submits_form(&self) -> bool {
        !self.facts.method.is_safe()
    }

    /// Keeps where this user is going until what must come first is done: verifying the address, or adding a factor.
    /// [`return_paths::take_of_browser`] takes it.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_next(&self) -> Result<(), AppError> {
        let session = self.visitor().any_session();
        let (Some(session), Some(next), Some(browser)) = (session, self.next(), &self.facts.browser) else {
            return Ok(());
        };
        let mut connection = self.state.db.acquire().await?;
        Ok(return_paths::keep_for_known_browser(&mut connection, session.user_id, &browser.digest(), &next).await?)
    }

    /// The secret of an emailed link: for a form, of the one that its page was opened with; for a page, of the one that
    /// this browser opened last.
    pub fn link(&self) -> Option<&SecretToken> {
        match self.facts.about.get().or_else(|| self.shown_again()) {
            Some(about) => about.link.as_ref(),
            None if self.facts.method.is_safe() => self.facts.link.as_ref(),
            None => None,
        }
    }

    /// The secret of this browser's pending sign-in. A form gets it only if its page showed that sign-in and no other.
    pub fn pending(&self) -> Option<&SecretToken> {
        self.facts.pending.as_ref().filter(|_| !self.is_about_another_sign_in())
    }

    /// The secrets of this browser's latest WebAuthn ceremonies, the newest first.
    pub fn ceremonies(&self) -> &[SecretToken] {
        &self.facts.ceremonies
    }

    /// Takes the notice for this page, which is then shown once.
    pub fn take_notice(&self) -> Option<Notice> {
        self.facts.notice_taken.store(self.facts.notice.is_some(), Ordering::Relaxed);
        self.facts.notice
    }

    pub(super) fn notice_taken(&self) -> bool {
        self.facts.notice_taken.load(Ordering::Relaxed)
    }

    /// The CSRF token for a form on this page.
    pub fn csrf_token(&self) -> String {
        self.facts.csrf.token(&self.state.keys.csrf)
    }

    /// Makes the forms of the page for the session cookie that is set with it.
    pub fn renews(&self, cookie: &SessionCookie) {
        self.facts.csrf.renew(cookie.cookie.text());
    }

    /// Parses a request and stores the context in its extensions.
    pub(super) fn begin(state: &AppState, request: &mut HttpRequest, peer: IpAddr) -> Self {
        let ctx = Self { state: state.clone(), facts: Arc::new(Facts::read(request, state, peer)) };
        request.extensions_mut().insert(ctx.clone());
        ctx
    }

    /// Sets the CSRF cookie if the page needs it.
    pub(super) fn end(&self, response: &mut Response) {
        if let Some(value) = self.facts.csrf.fresh_cookie() {
            cookies::set(response.headers_mut(), &self.state.config.site.public_url, Name::Csrf, value, None);
        }
    }

    /// The error for a route not called through [`super::Front`].
    pub(super) fn missing() -> AppError {
        AppError::fault("a route was called without a request context")
    }

    /// Stores the matched route's policy.
    pub(super) fn matched(&self, policy: Policy) {
        self.facts.policy.set(policy).ok();
    }

    /// Stores the visitor.
    pub(super) fn found(&self, visitor: Visitor) {
        self.facts.visitor.set(visitor).ok();
    }

    /// The matched route's policy.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.facts.policy.get()
    }

    /// The matched route's pattern.
    pub(super) fn route(&self) -> &'static str {
        self.policy().map_or("none", |policy| policy.path)
    }

    /// The browser's session cookie.
    pub(super) fn session_cookie(&self) -> Option<&CookieId> {
        self.facts.session.as_ref()
    }
}

impl Facts {
    fn read(request: &HttpRequest, state: &AppState, peer: IpAddr) -> Self {
        let headers = request.headers();
        let public_url = &state.config.site.public_url;
        let cookies = Cookies::of(headers);
        let ours = Name::ALL.map(|name| cookies.presented(name.text(public_url)));
        let cookie = |name: Name| match ours[name as usize] {
            Presented::One(value) => Some(value),
            Presented::None | Presented::Ambiguous => None,
        };
        let chosen = cookie(Name::Language).and_then(|code| code.parse().ok());
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        // A malformed session cookie counts as none, and CSRF tokens ignore it.
        let presented = cookie(Name::Session).unwrap_or_default();
        let session = CookieId::parse(presented);
        let bound_to = session.as_ref().map_or("", |_| presented).to_owned();
        let (now, secret) = (now(), |name: Name| cookie(name).and_then(SecretToken::parse));
        Self {
            request_id: state.request_ids.next(),
            now,
            address: client_ip(peer, headers, &state.config.network.trusted_proxies),
            from_proxy: is_proxy(peer, &state.config.network.trusted_proxies),
            lang: chosen.unwrap_or_else(|| Lang::negotiate(accepted)),
            method: request.method().clone(),
            requested: request.uri().clone(),
            location: OnceLock::new(),
            wants_json: prefers_json(headers) || request.uri().path().starts_with("/api/"),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            request: OnceLock::new(),
            browser: secret(Name::Browser),
            link: secret(Name::Link),
            pending: secret(Name::Pending),
            ceremonies: ceremonies(cookie(Name::Ceremony)),
            notice: cookie(Name::Notice).and_then(Notice::from_code),
            notice_taken: AtomicBool::new(false),
            csrf: Csrf::new(secret(Name::Csrf), bound_to, now),
            has_cookies: ours.iter().any(|ours| *ours != Presented::None),
            from_here: headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin"),
            again: None,
            about: OnceLock::new(),
            form: Mutex::new(None),
            parameters: OnceLock::new(),
            session,
            visitor: OnceLock::new(),
            policy: OnceLock::new(),
            next_in_form: OnceLock::new(),
        }
    }
}

/// The page to come back to; the language switch is no page, but on every page.
fn location(asked: &Uri) -> ReturnTo {
    let local = asked.path_and_query().filter(|_| asked.path() != paths::LANGUAGE);
    local.and_then(|local| ReturnTo::parse(&local.to_string())).unwrap_or_default()
}

fn ceremonies(cookie: Option<&str>) -> Vec<SecretToken> {
    cookie.into_iter().flat_map(|text| text.split('.')).take(CEREMONIES_MAX).filter_map(SecretToken::parse).collect()
}

fn prefers_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("json") && !accept.contains("text/html")
}

fn printable(text: &HeaderValue) -> String {
    let bytes = text.as_bytes().iter().filter(|byte| (b' '..=b'~').contains(byte));
    bytes.take(USER_AGENT_MAX).map(|byte| char::from(*byte)).collect()
}

impl FromRequestParts<AppState> for Ctx {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let ctx = parts.extensions.get::<Self>().cloned();
        ctx.ok_or_else(Self::missing)
    }
}
