//! Request errors, their responses and their log lines.

use std::{error::Error as StdError, iter, sync::Arc, time::Duration};

use axum::{
    Extension,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Ctx,
    cookies::{self, Name},
    error_page::{ErrorKind, ErrorPage},
    oauth::{self, OAuthError},
    paths,
    redirect::{see_other, with_next},
};
use crate::{
    apps::keys::KeysError,
    audit::log,
    db::{Trouble, trouble, without_values},
    passwords::{hasher::HasherError, proof::ProofError},
    templates::TemplateError,
    types::{Notice, ReturnTo, Throttled, Wait},
};

/// An error that a handler returns. `render_errors` turns it into a page or a problem document.
#[derive(Clone, Debug)]
pub enum AppError {
    /// The request is malformed; the text is for API clients and the log.
    BadRequest(&'static str),
    /// The form's CSRF token is invalid, or the form is from another site.
    StaleForm,
    /// The request is refused, and sending it again changes nothing; the text is for the log.
    Denied(&'static str),
    /// The page does not exist, or the visitor may not know of it.
    NotFound,
    /// The app does not admit the user; for JSON clients.
    NoAccess,
    /// The user must consent first; for JSON clients.
    Unconsented,
    /// The authorization request was answered or has expired; for JSON clients.
    Gone,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not a form.
    UnsupportedMediaType,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The visitor must sign in.
    SignIn {
        /// The redirect target afterwards.
        next: Option<ReturnTo>,
    },
    /// The user must verify the email address.
    Verify {
        /// The redirect target afterwards.
        next: Option<ReturnTo>,
    },
    /// The user must add a second factor.
    Enrol {
        /// The redirect target afterwards.
        next: Option<ReturnTo>,
    },
    /// The user must reauthenticate.
    Reauthenticate {
        /// Where to come back to.
        next: Option<ReturnTo>,
    },
    /// An endpoint that apps call refused the request.
    OAuth(OAuthError),
    /// A rate limit or a full queue.
    Throttled(Throttled),
    /// A dependency is down or busy; nothing was written.
    Unavailable {
        /// When to retry.
        retry_after: Duration,
        /// The cause, for the log.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// A bug. The visitor sees only the request ID.
    Fault(Arc<dyn StdError + Send + Sync>),
}

/// Retry delay when the database is down.
pub(super) const DATABASE_RETRY: Duration = Duration::from_secs(2);

impl AppError {
    /// A fault described by a text.
    pub fn fault(what: &'static str) -> Self {
        Self::Fault(Arc::from(Box::<dyn StdError + Send + Sync>::from(what)))
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadRequest(_) => ErrorKind::BadRequest,
            Self::StaleForm => ErrorKind::Forbidden,
            Self::Denied(_) | Self::NoAccess => ErrorKind::Denied,
            Self::Unconsented => ErrorKind::Unconsented,
            Self::Gone => ErrorKind::Gone,
            Self::NotFound => ErrorKind::NotFound,
            Self::PayloadTooLarge => ErrorKind::PayloadTooLarge,
            Self::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
            Self::RequestTimeout => ErrorKind::RequestTimeout,
            Self::SignIn { .. } => ErrorKind::Unauthorized,
            Self::Verify { .. } => ErrorKind::Unverified,
            Self::Enrol { .. } => ErrorKind::Unenrolled,
            Self::Reauthenticate { .. } => ErrorKind::Stale,
            Self::Throttled(Throttled::SlowDown { .. }) => ErrorKind::TooManyRequests,
            Self::Throttled(Throttled::Busy { .. }) | Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Fault(_) => ErrorKind::Internal,
            Self::OAuth(error) => of_status(error.status()),
        }
    }

    /// Where the visitor comes back to.
    pub(super) fn next_mut(&mut self) -> Option<&mut Option<ReturnTo>> {
        match self {
            Self::SignIn { next } | Self::Verify { next } | Self::Enrol { next } | Self::Reauthenticate { next } => {
                Some(next)
            }
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled(throttled) => Some(Duration::from_secs(throttled.wait().as_secs())),
            Self::Unavailable { retry_after, .. } => Some(*retry_after),
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

impl From<KeysError> for AppError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Database(error) => error.into(),
            error => Self::Fault(Arc::new(error)),
        }
    }
}

impl From<HasherError> for AppError {
    fn from(error: HasherError) -> Self {
        Self::Fault(Arc::new(error))
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
        let status = if let Self::OAuth(error) = &self { error.status() } else { self.kind().status() };
        (status, Extension(self)).into_response()
    }
}

/// Renders every error, ours and the router's, as a page or as `application/problem+json` (RFC 9457), and logs it.
pub(super) fn render_errors(ctx: &Ctx, response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response.extensions().get::<AppError>().cloned();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let kind = match &error {
        Some(error) => error.kind(),
        // A handler rendered this error page itself.
        None if content_type.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain")) => return response,
        None => of_status(status),
    };
    log_error(ctx, status, error.as_ref());
    // A bare server error comes from the session layer, which needs the database.
    let database_retry = || (kind == ErrorKind::Unavailable).then_some(DATABASE_RETRY);
    let retry_after = error.as_ref().map_or_else(database_retry, AppError::retry_after);
    if ctx.speaks_oauth() {
        return oauth::render(error.as_ref(), retry_after, &response);
    }
    match error {
        Some(AppError::SignIn { next }) if !ctx.wants_json() => redirect_via(ctx, paths::LOGIN, next),
        Some(AppError::Verify { next }) if !ctx.wants_json() => redirect_via(ctx, paths::VERIFY, next),
        Some(AppError::Enrol { next }) if !ctx.wants_json() => redirect_via(ctx, paths::ACCOUNT_FACTORS, next),
        Some(AppError::Reauthenticate { next }) if !ctx.wants_json() => redirect_via(ctx, paths::REAUTH, next),
        _ => render(ctx, kind, retry_after, &response),
    }
}

/// Classifies a bare status: the router's, or a session layer that could not reach the database.
fn of_status(status: StatusCode) -> ErrorKind {
    match status {
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ErrorKind::Forbidden,
        StatusCode::METHOD_NOT_ALLOWED => ErrorKind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::PayloadTooLarge,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ErrorKind::HeadersTooLarge,
        _ if status.is_server_error() => ErrorKind::Unavailable,
        _ => ErrorKind::BadRequest,
    }
}

fn log_error(ctx: &Ctx, status: StatusCode, error: Option<&AppError>) {
    let request_id = ctx.request_id();
    match error {
        Some(AppError::Fault(cause)) => {
            tracing::error!(request_id, cause = chain(&**cause), "a request failed: internal error, answered with 500");
        }
        Some(AppError::Unavailable { cause, .. }) => {
            tracing::warn!(request_id, cause = chain(&**cause), "a request could not be served: answered with 503");
        }
        Some(AppError::BadRequest(what)) => tracing::debug!(request_id, what, "malformed request"),
        Some(AppError::OAuth(refused)) => tracing::debug!(request_id, ?refused, "an app was refused"),
        Some(AppError::Denied(reason)) => log::refused(&ctx.state.sampler, ctx.request(), ctx.route(), reason),
        Some(AppError::StaleForm) => log::form_refused(&ctx.state.sampler, ctx.request()),
        Some(AppError::Throttled(throttled)) => ctx.note_throttled(*throttled),
        None if status.is_server_error() => {
            tracing::warn!(request_id, "a session could not be saved: answered with 503");
        }
        _ => {}
    }
}

/// Formats an error with its causes on one line. SQL errors name tables and constraints, never values.
fn chain(error: &(dyn StdError + 'static)) -> String {
    // A database error repeats its own cause.
    let causes = iter::successors(Some(error), |&error| if error.is::<sqlx::Error>() { None } else { error.source() });
    causes.map(without_values).collect::<Vec<_>>().join(": ")
}

/// Redirects to a page that the visitor must pass first, with their target. If a signed-in user sent a form, its
/// contents are lost, and the next page says so.
fn redirect_via(ctx: &Ctx, to: &str, next: Option<ReturnTo>) -> Response {
    let mut response = see_other(&next.map_or_else(|| to.to_owned(), |next| with_next(to, next.as_str())));
    if ctx.submits_form() && ctx.policy().is_some_and(|policy| policy.access.needs().is_some()) {
        let notice = if to == paths::LOGIN { Notice::SignedOutUnsaved } else { Notice::Unsaved };
        let public_url = &ctx.state.config.site.public_url;
        cookies::set(response.headers_mut(), public_url, Name::Notice, notice.code().to_owned(), None);
    }
    response
}

fn render(ctx: &Ctx, kind: ErrorKind, retry_after: Option<Duration>, bare: &Response) -> Response {
    let seconds = retry_after.map(|wait| wait.as_secs().max(1));
    let mut response = if ctx.wants_json() {
        problem(ctx, kind)
    } else {
        let back = kind.leads_back().then(|| ctx.way_back().into_owned());
        let content = ErrorPage { status: kind.status().as_u16(), kind, wait: seconds.map(Wait::from_secs), back };
        ctx.error_page(&content)
    };
    *response.status_mut() = kind.status();
    // Keeps the `Allow` of a 405, cookies set before the error, and `Connection: close`.
    let kept = [header::ALLOW, header::SET_COOKIE, header::CONNECTION];
    for (name, value) in bare.headers().iter().filter(|(name, _)| kept.contains(name)) {
        response.headers_mut().append(name, value.clone());
    }
    response.headers_mut().extend(seconds.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
    response
}

fn problem(ctx: &Ctx, kind: ErrorKind) -> Response {
    let problem = json!({
        "type": kind.uri(),
        "title": ctx.state.templates.message(ctx.lang(), &kind.title_key()),
        "status": kind.status().as_u16(),
        "request_id": ctx.request_id(),
    });
    let content_type = [(header::CONTENT_TYPE, "application/problem+json; charset=utf-8")];
    // RFC 9110 section 15.5.2: a 401 must say how to authenticate.
    let scheme = [(header::WWW_AUTHENTICATE, "Cookie realm=\"vestibule\"")];
    let scheme = (kind.status() == StatusCode::UNAUTHORIZED).then_some(scheme);
    (content_type, scheme, problem.to_string()).into_response()
}
