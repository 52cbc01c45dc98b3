//! The facts of one request, read once before anything else happens.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, Uri, header, request::Parts},
    response::Response,
};
use time::OffsetDateTime;
use tower_sessions::session::Id;

use super::{
    AppError,
    cookies::{self, Cookies, Name, Presented},
    csrf::Csrf,
    paths,
};
use crate::{
    audit::Origin,
    http::{Peer, client_ip::client_ip},
    sessions::USER_AGENT_MAX,
    state::AppState,
    types::{Lang, LocalPath, Notice, SecretToken},
};

/// The facts of one request. Cheap to clone; a handler takes it as an argument.
#[derive(Clone)]
pub struct Ctx(Arc<Facts>);

/// The identifier alone: an address may carry the secret of a mailed link.
impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ctx").field(&self.0.request_id).finish()
    }
}

struct Facts {
    request_id: String,
    now: OffsetDateTime,
    client_ip: IpAddr,
    lang: Lang,
    asked: Uri,
    /// Most requests are never come back to.
    location: OnceLock<LocalPath>,
    wants_json: bool,
    browser_name: Option<HeaderValue>,
    user_agent: OnceLock<String>,
    browser: Option<SecretToken>,
    link: Option<SecretToken>,
    pending: Option<SecretToken>,
    ceremony: Option<SecretToken>,
    notice: Option<Notice>,
    csrf: Csrf,
    session: Option<Id>,
    route: OnceLock<&'static str>,
}

impl Ctx {
    /// What the visitor can quote and the log is searched by.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// When the request came, by this service's clock.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.0.now
    }

    /// Where it came from, seen past our own proxies.
    #[must_use]
    pub fn client_ip(&self) -> IpAddr {
        self.0.client_ip
    }

    /// The language to answer in.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.0.lang
    }

    /// The page that was asked for, to come back to.
    #[must_use]
    pub fn location(&self) -> &LocalPath {
        self.0.location.get_or_init(|| location(&self.0.asked))
    }

    /// Where the visitor was on the way to, as the address says.
    #[must_use]
    pub fn next(&self) -> Option<LocalPath> {
        LocalPath::parse(&self.query("next")?)
    }

    /// A parameter of the address, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.0.asked.query().unwrap_or_default().as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// Whether errors are to be told to a program.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.0.wants_json
    }

    /// What the browser calls itself, in printable ASCII and at most [`USER_AGENT_MAX`] characters.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        self.0.user_agent.get_or_init(|| self.0.browser_name.as_ref().map(printable).unwrap_or_default())
    }

    /// Where the request came from, for the audit trail.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        Origin { address: self.client_ip(), user_agent: self.user_agent() }
    }

    /// The cookie by which accounts know a browser again.
    #[must_use]
    pub fn browser(&self) -> Option<&SecretToken> {
        self.0.browser.as_ref()
    }

    /// The secret of the mailed link that the visitor opened last.
    #[must_use]
    pub fn link(&self) -> Option<&SecretToken> {
        self.0.link.as_ref()
    }

    /// The secret of a sign-in that waits for its second factor in this browser.
    #[must_use]
    pub fn pending(&self) -> Option<&SecretToken> {
        self.0.pending.as_ref()
    }

    /// The secret of the passkey's ceremony that was begun last in this browser.
    #[must_use]
    pub fn ceremony(&self) -> Option<&SecretToken> {
        self.0.ceremony.as_ref()
    }

    /// What the page before this one left to say.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        self.0.notice
    }

    /// The hidden token for a form on this page.
    #[must_use]
    pub fn csrf_token(&self, state: &AppState) -> String {
        self.0.csrf.token(&state.keys.csrf)
    }

    /// Whether a form brought the token of this browser and session.
    #[must_use]
    pub fn accepts_csrf(&self, state: &AppState, token: &str) -> bool {
        self.0.csrf.accepts(&state.keys.csrf, token)
    }

    /// Reads the facts, which the request carries from then on.
    pub(super) fn begin(state: &AppState, request: &mut Request) -> Self {
        let ctx = Self::read(request, state);
        request.extensions_mut().insert(ctx.clone());
        ctx
    }

    /// Sets the cookie that a shown form needs.
    pub(super) fn end(&self, state: &AppState, response: &mut Response) {
        let (headers, public_url) = (response.headers_mut(), &state.config.site.public_url);
        if let Some(value) = self.0.csrf.fresh_cookie() {
            cookies::set(headers, public_url, Name::Csrf, value, None);
        }
    }

    /// Nothing but [`super::Front`] hands requests to routes.
    pub(super) fn missing() -> AppError {
        AppError::fault("a route without the facts of its request")
    }

    /// Says which route answers.
    pub(super) fn matched(&self, route: &'static str) {
        self.0.route.set(route).ok();
    }

    /// The pattern of the route that answers.
    pub(super) fn route(&self) -> &'static str {
        self.0.route.get().unwrap_or(&"none")
    }

    /// The identifier of the browser's session, as its cookie says.
    pub(super) fn session(&self) -> Option<&Id> {
        self.0.session.as_ref()
    }

    fn read(request: &Request, state: &AppState) -> Self {
        let headers = request.headers();
        let public_url = &state.config.site.public_url;
        let cookies = Cookies::of(headers);
        let cookie = |name: Name| match cookies.presented(name.text(public_url)) {
            Presented::One(value) => Some(value),
            Presented::None | Presented::Ambiguous => None,
        };
        let peer = request.extensions().get::<Peer>().map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
        let chosen = cookie(Name::Language).and_then(|code| code.parse().ok());
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        // What is no identifier is no session, and goes with the next form: no token hangs on it.
        let presented = cookie(Name::Session).unwrap_or_default();
        let session: Option<Id> = presented.parse().ok();
        let bound_to = session.map_or("", |_| presented).to_owned();
        Self(Arc::new(Facts {
            request_id: state.request_ids.next(),
            now: state.clock.now(),
            client_ip: client_ip(peer, headers, &state.config.network.trusted_proxies),
            lang: chosen.unwrap_or_else(|| Lang::negotiate(accepted)),
            asked: request.uri().clone(),
            location: OnceLock::new(),
            wants_json: prefers_json(request.uri().path(), headers),
            browser_name: headers.get(header::USER_AGENT).cloned(),
            user_agent: OnceLock::new(),
            browser: cookie(Name::Browser).and_then(SecretToken::parse),
            link: cookie(Name::Link).and_then(SecretToken::parse),
            pending: cookie(Name::Pending).and_then(SecretToken::parse),
            ceremony: cookie(Name::Ceremony).and_then(SecretToken::parse),
            notice: cookie(Name::Notice).and_then(Notice::from_code),
            csrf: Csrf::new(cookie(Name::Csrf).and_then(SecretToken::parse), bound_to, state.entropy),
            session,
            route: OnceLock::new(),
        }))
    }
}

/// The page to come back to; the language switch is no page, but on every page.
fn location(asked: &Uri) -> LocalPath {
    let local = asked.path_and_query().filter(|_| asked.path() != paths::LANGUAGE);
    local.and_then(|local| LocalPath::parse(&local.to_string())).unwrap_or_default()
}

fn prefers_json(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    path.starts_with("/api/") || (accept.contains("json") && !accept.contains("text/html"))
}

fn printable(text: &HeaderValue) -> String {
    let octets = text.as_bytes().iter().filter(|byte| (b' '..=b'~').contains(byte));
    octets.take(USER_AGENT_MAX).map(|byte| char::from(*byte)).collect()
}

impl FromRequestParts<AppState> for Ctx {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let ctx = parts.extensions.get::<Self>().cloned();
        ctx.ok_or_else(Self::missing)
    }
}
