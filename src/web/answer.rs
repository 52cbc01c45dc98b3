//! Responses of handlers, built step by step: `ctx.see_other(path).notice(Notice::SignedOut)`.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use cookie::time::Duration;
use serde::Serialize;

use super::{
    AppError, Ctx, Visitor,
    broken_link::BrokenLinkPage,
    cookies::{self, Name},
    paths, redirect,
    refusal::Refusal,
    session_layer::{SessionChange, SessionCookie},
};
use crate::{
    accounts::Role,
    audit::log,
    config::PublicUrl,
    http::headers::KeepsOpener,
    sessions::{LiveSession, return_paths},
    state::AppState,
    templates::{Chrome, HUES, Page, Section, VisitorLabel},
    types::{Lang, Notice, SecretToken, Throttled},
};

/// How long a browser stays known after its last sign-in; browsers keep no cookie longer (RFC 6265bis).
const BROWSER_KNOWN_FOR: Duration = Duration::days(400);
/// How long a chosen language is kept.
const LANGUAGE_KEPT_FOR: Duration = Duration::days(365);
/// How long an emailed link's page may stay open.
const LINK_CARRIED_FOR: Duration = Duration::minutes(30);

/// The content type of JSON documents.
pub const JSON: &str = "application/json; charset=utf-8";

/// The result of a handler.
pub type Answer = Result<Reply, AppError>;

/// A response and its cookies.
#[derive(Debug)]
pub struct Reply {
    response: Response,
    state: AppState,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.response
    }
}

/// The user of a session, as the header shows them.
fn label(session: &LiveSession) -> VisitorLabel<'_> {
    let name = session.display_name.as_deref().unwrap_or(&session.username);
    VisitorLabel {
        username: &session.username,
        display_name: session.display_name.as_deref(),
        initial: name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default(),
        hue: session.user_id.0.as_u128() % HUES,
        administers: session.role == Role::Admin,
        must_enrol: session.must_enrol,
    }
}

impl Ctx {
    /// Renders a page. The header of account pages names the user.
    ///
    /// # Errors
    /// [`AppError::Fault`] if the template is broken, which tests rule out.
    pub fn page<P: Page>(&self, content: &P) -> Answer {
        let named = self.policy().is_some_and(|policy| policy.access.needs().is_some());
        self.render(if named { self.visitor() } else { &Visitor::Anonymous }, content)
    }

    /// Renders a page that names the user, on a public route.
    ///
    /// # Errors
    /// As [`Ctx::page`].
    pub fn page_for_visitor<P: Page>(&self, content: &P) -> Answer {
        self.render(self.visitor(), content)
    }

    fn render<P: Page>(&self, visitor: &Visitor, content: &P) -> Answer {
        let (csrf_token, reveal) = (self.csrf_token(), SecretToken::reveal);
        let link = self.link().map(reveal).unwrap_or_default();
        let sign_in = self.pending().map(SecretToken::mark).unwrap_or_default();
        let path = &*self.way_back();
        let chrome = Chrome {
            lang: self.lang(),
            service_name: &self.state.config.site.name,
            support_url: self.state.config.site.support_url.as_deref(),
            csrf_token: &csrf_token,
            request_id: self.request_id(),
            link: &link,
            sign_in: &sign_in,
            has_cookies: self.has_cookies(),
            again: self.again(),
            path,
            section: Section::of(path),
            visitor: visitor.session().map(label),
        };
        let html = self.state.templates.render(&chrome, content)?;
        let answer = self.answer(Html(html));
        // A notice is shown once.
        if self.notice_taken() { answer.without_cookie(Name::Notice) } else { answer }
    }

    /// Renders a form with its errors, with the matching status and `Retry-After`.
    ///
    /// # Errors
    /// As [`Ctx::page`].
    pub fn refuse<P: Page + Refusal>(&self, content: &P) -> Answer {
        if let Some(throttled) = content.throttled() {
            self.note_throttled(throttled);
        }
        self.page(content).change(|reply| {
            *reply.response.status_mut() = content.status();
            if let Some(throttled) = content.throttled() {
                let seconds = HeaderValue::from(throttled.wait().as_secs());
                reply.response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
        })
    }

    /// Renders an error page, or a bare 500 if even that fails.
    pub(super) fn error_page<P: Page>(&self, content: &P) -> Response {
        let page = self.render(&Visitor::Anonymous, content);
        page.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), IntoResponse::into_response)
    }

    /// Logs and counts a throttled request.
    pub(super) fn note_throttled(&self, throttled: Throttled) {
        let slowed = matches!(throttled, Throttled::SlowDown { .. });
        if slowed {
            log::limited(&self.state.sampler, self.request(), self.route());
        }
        if paths::is_sign_in(self.route()) {
            self.state.metrics.sign_in(if slowed { "slowed" } else { "busy" });
        }
    }

    /// Redirects to a local path with 303, so that the browser does not submit the form again.
    ///
    /// A path that is not ours belongs to an app, which may redirect to another origin. Chromium and Safari apply
    /// `form-action` to every redirect after a form. So the redirect goes to a page of ours, which then leads to the
    /// app.
    ///
    /// # Errors
    /// Never; it returns an [`Answer`] for convenience.
    pub fn see_other<'a>(&self, path: impl Into<Cow<'a, str>>) -> Answer {
        let path = path.into();
        if paths::is_ours(&path) || !self.may_follow_a_form() {
            return self.answer(redirect::see_other(&path));
        }
        self.answer(redirect::see_other(&redirect::with_next(return_paths::ROUTE, &path)))
    }

    /// Returns any other response.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn answer(&self, response: impl IntoResponse) -> Answer {
        Ok(Reply { response: response.into_response(), state: self.state.clone() })
    }

    /// Returns a JSON document.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn json(&self, document: impl Serialize) -> Answer {
        self.answer(([(header::CONTENT_TYPE, JSON)], Json(document)))
    }

    /// Moves the secret of an emailed link from the URL to a cookie, by redirecting to the page without it. So the
    /// secret stays out of history, `Referer` and access logs, and opening the link, as mail scanners do, changes
    /// nothing. A damaged link gets an error page and does not replace the cookie of a link that was opened before.
    pub fn carry_link(&self, path: &'static str) -> Option<Answer> {
        let text = self.query("token")?;
        Some(match SecretToken::mailed(&text) {
            Some(secret) => self.see_other(path).link(&secret),
            None => self.refuse(&BrokenLinkPage::of(path)),
        })
    }
}

/// Builder methods for an [`Answer`].
#[expect(clippy::return_self_not_must_use, reason = "an `Answer` must be used, as a `Result`")]
pub trait AnswerExt: Sized {
    /// Changes the reply, unless it is an error.
    fn change(self, change: impl FnOnce(&mut Reply)) -> Self;

    /// Changes the headers.
    fn headers(self, change: impl FnOnce(&mut HeaderMap, &PublicUrl)) -> Self {
        self.change(|reply| change(reply.response.headers_mut(), &reply.state.config.site.public_url))
    }

    /// Sets the status.
    fn status(self, status: StatusCode) -> Self {
        self.change(|reply| *reply.response.status_mut() = status)
    }

    /// Keeps `window.opener` if the response is for an app that signs users in from a popup.
    fn in_popup(self, popup: bool) -> Self {
        self.change(|reply| {
            if popup {
                reply.response.extensions_mut().insert(KeepsOpener);
            }
        })
    }

    /// Sets the browser's session.
    fn session(self, cookie: Option<SessionCookie>) -> Self {
        self.change(|reply| {
            if let Some(cookie) = cookie {
                reply.response.extensions_mut().insert(SessionChange::Set(cookie));
            }
        })
    }

    /// Ends the browser's session. The browser stays known to the account, and its language is kept.
    fn session_ended(self) -> Self {
        self.change(|reply| {
            reply.response.extensions_mut().insert(SessionChange::End);
        })
    }

    /// Like [`Self::session_ended`], for a user who signed out: also removes the form cookie. `no-store` keeps our
    /// pages out of the browser's cache, so `Clear-Site-Data` is unnecessary; it would spend seconds clearing the cache
    /// of every app on this host.
    fn signed_out(self) -> Self {
        self.session_ended().without_cookie(Name::Csrf)
    }

    /// Sets a cookie; without `max_age` it expires when the browser closes.
    fn cookie(self, name: Name, value: String, max_age: Option<Duration>) -> Self {
        self.headers(|headers, public_url| cookies::set(headers, public_url, name, value, max_age))
    }

    /// Removes a cookie.
    fn without_cookie(self, name: Name) -> Self {
        self.headers(|headers, public_url| cookies::remove(headers, public_url, name))
    }

    /// Shows a notice on the next page.
    fn notice(self, notice: Notice) -> Self {
        self.cookie(Name::Notice, notice.code().to_owned(), None)
    }

    /// Keeps the secret of an emailed link for the next page.
    fn link(self, secret: &SecretToken) -> Self {
        self.cookie(Name::Link, secret.reveal(), Some(LINK_CARRIED_FOR))
    }

    /// Removes the secret of an emailed link that was used or is invalid, unless the browser has opened another since.
    fn without_link(self, ctx: &Ctx) -> Self {
        if ctx.keeps_link() { self.without_cookie(Name::Link) } else { self }
    }

    /// Marks this browser as known to the account.
    fn browser(self, browser: &SecretToken) -> Self {
        self.cookie(Name::Browser, browser.reveal(), Some(BROWSER_KNOWN_FOR))
    }

    /// Sets this browser's language; `None` follows `Accept-Language` again.
    fn language(self, chosen: Option<Lang>) -> Self {
        match chosen {
            Some(lang) => self.cookie(Name::Language, lang.code().to_owned(), Some(LANGUAGE_KEPT_FOR)),
            None => self.without_cookie(Name::Language),
        }
    }
}

impl AnswerExt for Answer {
    fn change(self, change: impl FnOnce(&mut Reply)) -> Self {
        self.map(|mut reply| {
            change(&mut reply);
            reply
        })
    }
}
