//! Responses after a sign-in.

use super::Opened;
use crate::{
    sessions::{Challenge, pending},
    types::{Notice, ReturnTo, SecretToken},
    web::{Answer, AnswerExt, Ctx, SessionCookie, cookies::Name, next_query, paths, redirect},
};

/// Response methods for signing in.
pub trait SignInAnswer: Sized {
    /// Sets the cookies of a new session, and removes the CSRF secret of earlier pages and the pending sign-in. If the
    /// account must pass a page first, redirects there with the original target.
    #[must_use]
    fn signed_in(self, opened: Opened) -> Self;
}

impl SignInAnswer for Answer {
    fn signed_in(self, opened: Opened) -> Self {
        let answer = self.headers(|headers, _| {
            if let Some(first) = opened.first {
                redirect::pass(headers, first);
            }
        });
        answer
            .session(Some(opened.cookie))
            .without_cookie(Name::Csrf)
            .without_cookie(Name::Pending)
            .browser(&opened.browser)
    }
}

impl Ctx {
    /// Redirects to the target, or to the dashboard.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn go_on(&self, next: Option<&ReturnTo>) -> Answer {
        self.see_other(next.map_or(paths::DASHBOARD, ReturnTo::as_str))
    }

    /// Redirects to the page of a second factor, with the pending sign-in's cookie. The URL keeps the target in case
    /// the sign-in expires.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn to_challenge(&self, challenge: Challenge, secret: &SecretToken, next: Option<&ReturnTo>) -> Answer {
        let lifetime = pending::LIFETIME.try_into().ok();
        self.see_other(super::challenge::login_path(challenge, next)).cookie(Name::Pending, secret.reveal(), lifetime)
    }

    /// Redirects to the sign-in page, keeping the target.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn to_login(&self, next: Option<&ReturnTo>) -> Answer {
        self.see_other(format!("{}{}", paths::LOGIN, next_query(next)))
    }

    /// Redirects to the sign-in page from the form of a sign-in that has expired, or that another one replaced in this
    /// browser.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn sign_in_again(&self, next: Option<&ReturnTo>) -> Answer {
        let answer = self.to_login(next);
        if self.is_about_another_sign_in() { answer.notice(Notice::OtherSignIn) } else { answer }
    }

    /// Redirects to the target with the renewed session cookie.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn renewed(&self, cookie: SessionCookie, next: Option<&ReturnTo>) -> Answer {
        self.go_on(next).session(Some(cookie))
    }
}
