//! What a visitor sees when there is no other page to show.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Wait, WaitUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    pub status: u16,
    pub kind: ErrorKind,
    /// When to try again, where that is known.
    pub wait: Option<Wait>,
    /// A local path to offer; without one the start page is offered.
    pub back: Option<String>,
}

/// The messages are `error-<kind>-title` and `error-<kind>-text`, also for answers in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    BadRequest,
    /// Nobody is signed in, and a program asks.
    Unauthorized,
    /// A form that is stale, or comes from elsewhere.
    Forbidden,
    NotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    RequestTimeout,
    TooManyRequests,
    Unavailable,
    Internal,
}

impl ErrorKind {
    pub const ALL: [Self; 11] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::Internal,
    ];

    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RequestTimeout => 408,
            Self::TooManyRequests => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// The key of the sentence that names the error.
    #[must_use]
    pub fn title_key(self) -> &'static str {
        match self {
            Self::BadRequest => "error-bad-request-title",
            Self::Unauthorized => "error-unauthorized-title",
            Self::Forbidden => "error-forbidden-title",
            Self::NotFound => "error-not-found-title",
            Self::MethodNotAllowed => "error-method-not-allowed-title",
            Self::PayloadTooLarge => "error-payload-too-large-title",
            Self::UnsupportedMediaType => "error-unsupported-media-type-title",
            Self::RequestTimeout => "error-request-timeout-title",
            Self::TooManyRequests => "error-too-many-requests-title",
            Self::Unavailable => "error-unavailable-title",
            Self::Internal => "error-internal-title",
        }
    }

    /// Whether there is a page to go back to: the one whose form was sent, or the one that was asked for. Not
    /// where there is none, and not where one signs in first.
    #[must_use]
    pub fn leads_back(self) -> bool {
        !matches!(self, Self::Unauthorized | Self::NotFound | Self::MethodNotAllowed)
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error/error.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let of = |kind: ErrorKind| Self {
            status: kind.status(),
            kind,
            wait: None,
            back: kind.leads_back().then(|| "/account/profile".into()),
        };
        let wait = |unit, count| Some(Wait { unit, count });
        vec![
            ("bad-request", of(ErrorKind::BadRequest)),
            ("unauthorized", of(ErrorKind::Unauthorized)),
            ("forbidden", of(ErrorKind::Forbidden)),
            ("not-found", of(ErrorKind::NotFound)),
            ("method-not-allowed", of(ErrorKind::MethodNotAllowed)),
            ("payload-too-large", of(ErrorKind::PayloadTooLarge)),
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
