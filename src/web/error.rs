//! Every way a request can fail, and how the visitor and the operator learn of it.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Ctx,
    error_page::{ErrorKind, ErrorPage},
    event,
    page::page,
    paths,
    redirect::{see_other, with_next},
};
use crate::{
    db::{Trouble, trouble},
    passwords::{hasher::HasherError, proof::ProofError},
    state::AppState,
    templates::TemplateError,
    types::{LocalPath, Wait},
};

/// What a handler returns when there is no page of its own to show. It becomes a response with a
/// status; [`render_errors`] gives that response its words.
#[derive(Clone, Debug)]
pub enum AppError {
    /// The request cannot be read; the text is for programs and the log.
    BadRequest(&'static str),
    /// A form without a good token, or from another site.
    StaleForm,
    /// There is nothing here, or nothing that this visitor may know of.
    NotFound,
    /// Too many octets.
    PayloadTooLarge,
    /// Not a form.
    UnsupportedMediaType,
    /// The request took too long to arrive.
    RequestTimeout,
    /// Only for people who are signed in.
    SignIn {
        /// Where to come back to.
        next: Option<LocalPath>,
    },
    /// Only for people whose address is verified.
    Verify,
    /// Only for people who have a second factor, which this account must.
    Enrol,
    /// Only for people who proved a moment ago who they are.
    Reauthenticate {
        /// Where to come back to.
        next: LocalPath,
    },
    /// Too many tries.
    SlowDown {
        /// When the next one may come.
        retry_after: Duration,
    },
    /// Something we need is away or busy; nothing was written.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// For the log.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// We broke something. The visitor learns the request's id and nothing else.
    Fault(Arc<dyn StdError + Send + Sync>),
}

/// How long to wait for a database that is away.
const DATABASE_RETRY: Duration = Duration::from_secs(2);
/// How long to wait for a place in the queue of passwords.
const HASHER_RETRY: Duration = Duration::from_secs(1);

impl AppError {
    /// A fault in words.
    #[must_use]
    pub fn fault(what: &'static str) -> Self {
        Self::Fault(Arc::from(Box::<dyn StdError + Send + Sync>::from(what)))
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadRequest(_) => ErrorKind::BadRequest,
            Self::StaleForm => ErrorKind::Forbidden,
            Self::NotFound => ErrorKind::NotFound,
            Self::PayloadTooLarge => ErrorKind::PayloadTooLarge,
            Self::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
            Self::RequestTimeout => ErrorKind::RequestTimeout,
            // For a program, an account without its address or its second factor is as good as none.
            Self::SignIn { .. } | Self::Verify | Self::Enrol | Self::Reauthenticate { .. } => ErrorKind::Unauthorized,
            Self::SlowDown { .. } => ErrorKind::TooManyRequests,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Fault(_) => ErrorKind::Internal,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SlowDown { retry_after } | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        match trouble(&error) {
            Trouble::Unavailable => Self::Unavailable { retry_after: DATABASE_RETRY, cause: Arc::new(error) },
            Trouble::Fault => Self::Fault(Arc::new(error)),
        }
    }
}

impl From<tower_sessions::session::Error> for AppError {
    fn from(error: tower_sessions::session::Error) -> Self {
        match error {
            tower_sessions::session::Error::Store(_) => {
                Self::Unavailable { retry_after: DATABASE_RETRY, cause: Arc::new(error) }
            }
            tower_sessions::session::Error::SerdeJson(_) => Self::Fault(Arc::new(error)),
        }
    }
}

impl From<HasherError> for AppError {
    fn from(error: HasherError) -> Self {
        match error {
            HasherError::Busy => Self::Unavailable { retry_after: HASHER_RETRY, cause: Arc::new(error) },
            HasherError::Hash(_) | HasherError::Stopped => Self::Fault(Arc::new(error)),
        }
    }
}

impl From<ProofError> for AppError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Database(error) => error.into(),
            ProofError::Hasher(error) => error.into(),
        }
    }
}

impl From<TemplateError> for AppError {
    fn from(error: TemplateError) -> Self {
        Self::Fault(Arc::new(error))
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Words every error, ours and the router's, as a page or as `application/problem+json`
/// (RFC 9457), and logs what an operator must know, once.
pub(super) fn render_errors(state: &AppState, ctx: &Ctx, response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response.extensions().get::<AppError>().cloned();
    let kind = match &error {
        Some(error) => error.kind(),
        // A page that a handler rendered with an error's status is already worded.
        None if response.headers().contains_key(header::CONTENT_TYPE) && !is_plain_text(&response) => return response,
        None => of_status(status),
    };
    log(ctx, status, error.as_ref());
    match error {
        Some(AppError::SignIn { next }) if !ctx.wants_json() => on_the_way(paths::LOGIN, next),
        Some(AppError::Verify) if !ctx.wants_json() => see_other(paths::VERIFY),
        Some(AppError::Enrol) if !ctx.wants_json() => see_other(paths::ACCOUNT_FACTORS),
        Some(AppError::Reauthenticate { next }) if !ctx.wants_json() => on_the_way(paths::REAUTH, Some(next)),
        error => {
            // A bare fault is of the session layer, which needs the database.
            let of_the_database = || (kind == ErrorKind::Unavailable).then_some(DATABASE_RETRY);
            let retry_after = error.as_ref().map_or_else(of_the_database, AppError::retry_after);
            worded(state, ctx, kind, retry_after, response)
        }
    }
}

fn is_plain_text(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/plain"))
}

/// The kind of a bare status: the router's, or a session layer that could not reach the database.
fn of_status(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorKind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::PayloadTooLarge,
        _ if status.is_server_error() => ErrorKind::Unavailable,
        _ => ErrorKind::BadRequest,
    }
}

fn log(ctx: &Ctx, status: StatusCode, error: Option<&AppError>) {
    let request_id = ctx.request_id();
    match error {
        Some(AppError::Fault(cause)) => tracing::error!(request_id, cause = chain(&**cause), "a request failed"),
        Some(AppError::Unavailable { cause, .. }) => {
            tracing::warn!(request_id, cause = chain(&**cause), "a request could not be served");
        }
        Some(AppError::BadRequest(what)) => tracing::debug!(request_id, what, "a request could not be read"),
        Some(AppError::StaleForm) => event::form_refused(ctx),
        None if status.is_server_error() => tracing::warn!(request_id, "the session could not be saved"),
        _ => {}
    }
}

/// An error with everything behind it, on one line. SQL errors name tables and constraints, never
/// values: queries carry their values apart from their text.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// To a page that the visitor has to pass, and knows where they were going.
fn on_the_way(to: &str, next: Option<LocalPath>) -> Response {
    see_other(&next.map_or_else(|| to.to_owned(), |next| with_next(to, next.as_str())))
}

fn worded(state: &AppState, ctx: &Ctx, kind: ErrorKind, retry_after: Option<Duration>, bare: Response) -> Response {
    let seconds = retry_after.map(|wait| wait.as_secs().max(1));
    let mut response = if ctx.wants_json() {
        problem(state, ctx, kind)
    } else {
        let back = kind.leads_back().then(|| ctx.location().as_str().to_owned());
        let content = ErrorPage { status: kind.status(), kind, wait: seconds.map(Wait::from_secs), back };
        page(state, ctx, None, &content).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    };
    *response.status_mut() = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // `Allow` of a 405, and cookies that were set before things went wrong.
    let (parts, _) = bare.into_parts();
    for (name, value) in &parts.headers {
        if *name == header::ALLOW || *name == header::SET_COOKIE {
            response.headers_mut().append(name, value.clone());
        }
    }
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn problem(state: &AppState, ctx: &Ctx, kind: ErrorKind) -> Response {
    let problem = json!({
        "type": "about:blank",
        "title": state.templates.message(ctx.lang(), kind.title_key()),
        "status": kind.status(),
        "request_id": ctx.request_id(),
    });
    let mut response = problem.to_string().into_response();
    let content_type = HeaderValue::from_static("application/problem+json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if kind == ErrorKind::Unauthorized {
        // RFC 9110 section 15.5.2: a 401 says how to authenticate. The scheme names our cookie.
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Cookie realm=\"vestibule\""));
    }
    response
}
