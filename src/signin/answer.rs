//! Responses after a sign-in.

use super::Opened;
use crate::{
    sessions::{Challenge, pending},
    types::{Notice, ReturnTo, SecretToken},
    web::{Answer, AnswerExt, Ctx, SessionCookie, cookies::Name, paths},
};

/// Response methods for signing in.
pub trait SignInAnswer: Sized {
    /// Sets the cookies of a new session. Removes the CSRF secret of earlier pages and the pending sign-in.
    #[must_use]
    fn signed_in(self, opened: Opened) -> Self;
}

impl SignInAnswer for Answer {
    fn signed_in(self, opened: Opened) -> Self {
        self.session(Some(opened.cookie))
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

    /// Redirects to the page of a second factor, with the pending sign-in's cookie.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn to_challenge(&self, challenge: Challenge, secret: &SecretToken) -> Answer {
        let lifetime = pending::LIFETIME.try_into().ok();
        self.see_other(super::challenge::login_path(challenge)).cookie(Name::Pending, secret.reveal(), lifetime)
    }

    /// Redirects to the sign-in page from the form of a sign-in that has expired, or that another one replaced in this
    /// browser.
    ///
    /// # Errors
    /// Never, as [`Ctx::see_other`].
    pub fn sign_in_again(&self) -> Answer {
        let answer = self.see_other(paths::LOGIN);
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
