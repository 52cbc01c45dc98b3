//! The error page.

#![expect(missing_docs, reason = "the names match the template")]

use axum::http::StatusCode;
use serde::Serialize;

use crate::{
    templates::Page,
    types::{Wait, WaitUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    pub status: u16,
    pub kind: ErrorKind,
    /// When to retry, if known.
    pub wait: Option<Wait>,
    /// A local path to return to; otherwise the start page is offered.
    pub back: Option<String>,
}

/// The messages are `error-<kind>-title` and `error-<kind>-text`, also for JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    BadRequest,
    /// Not signed in, for JSON clients.
    Unauthorized,
    /// The email address is not verified, for JSON clients.
    Unverified,
    /// The account must add a second factor, for JSON clients.
    Unenrolled,
    /// Reauthentication is required, for JSON clients.
    Stale,
    /// An invalid CSRF token, or a form from another site.
    Forbidden,
    /// Refused; sending it again changes nothing.
    Denied,
    /// The user must consent to an app first, for JSON clients.
    Unconsented,
    NotFound,
    /// A request was answered or has expired, for JSON clients.
    Gone,
    MethodNotAllowed,
    PayloadTooLarge,
    HeadersTooLarge,
    UnsupportedMediaType,
    RequestTimeout,
    TooManyRequests,
    Unavailable,
    Internal,
}

impl ErrorKind {
    pub const ALL: [Self; 18] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Unverified,
        Self::Unenrolled,
        Self::Stale,
        Self::Forbidden,
        Self::Denied,
        Self::Unconsented,
        Self::NotFound,
        Self::Gone,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::HeadersTooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::Internal,
    ];

    pub fn status(self) -> StatusCode {
        self.facts().0
    }

    /// The key of the title message.
    pub fn title_key(self) -> String {
        format!("error-{}-title", self.facts().1)
    }

    /// The problem type (RFC 9457), for API clients.
    pub fn uri(self) -> String {
        format!("urn:vestibule:problem:{}", self.facts().2)
    }

    /// The status, the message and the problem type.
    fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "bad-request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "not-signed-in"),
            Self::Unverified => (StatusCode::UNAUTHORIZED, "unauthorized", "verify-email"),
            Self::Unenrolled => (StatusCode::UNAUTHORIZED, "unauthorized", "add-second-factor"),
            Self::Stale => (StatusCode::UNAUTHORIZED, "unauthorized", "reauthenticate"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "stale-form"),
            Self::Denied => (StatusCode::FORBIDDEN, "denied", "denied"),
            Self::Unconsented => (StatusCode::FORBIDDEN, "denied", "consent-required"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "not-found"),
            Self::Gone => (StatusCode::GONE, "gone", "gone"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "method-not-allowed"),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "payload-too-large"),
            Self::HeadersTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", "headers-too-large")
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "unsupported-media-type")
            }
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request-timeout", "request-timeout"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "too-many-requests"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal"),
        }
    }

    /// Returns whether the page links back to the requested page. It does not if that page is missing or requires
    /// signing in.
    pub fn leads_back(self) -> bool {
        ![StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&self.status())
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error/error.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let of = |kind: ErrorKind| Self {
            status: kind.status().as_u16(),
            kind,
            wait: None,
            back: kind.leads_back().then(|| "/account/profile".into()),
        };
        let wait = |unit, count| Some(Wait { unit, count });
        vec![
            ("bad-request", of(ErrorKind::BadRequest)),
            ("unauthorized", of(ErrorKind::Unauthorized)),
            ("forbidden", of(ErrorKind::Forbidden)),
            ("denied", of(ErrorKind::Denied)),
            ("not-found", of(ErrorKind::NotFound)),
            ("gone", of(ErrorKind::Gone)),
            ("method-not-allowed", of(ErrorKind::MethodNotAllowed)),
            ("payload-too-large", of(ErrorKind::PayloadTooLarge)),
            ("headers-too-large", of(ErrorKind::HeadersTooLarge)),
            ("unsupported-media-type", of(ErrorKind::UnsupportedMediaType)),
            ("request-timeout", of(ErrorKind::RequestTimeout)),
            ("too-many-requests", Self { wait: wait(WaitUnit::Minutes, 2), ..of(ErrorKind::TooManyRequests) }),
            ("unavailable", Self { wait: wait(WaitUnit::Seconds, 5), ..of(ErrorKind::Unavailable) }),
            ("unavailable-start-page", Self { back: None, ..of(ErrorKind::Unavailable) }),
            ("internal", of(ErrorKind::Internal)),
            ("hostile", Self { back: Some("/\"><svg onload=alert(1)>".into()), ..of(ErrorKind::Forbidden) }),
        ]
    }
}
