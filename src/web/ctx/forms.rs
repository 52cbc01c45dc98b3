//! What a context knows of the form of its request.

use std::sync::{Arc, PoisonError};

use axum::{body::Body, extract::Request as HttpRequest, http::HeaderMap};

use super::{
    super::{
        AppError,
        csrf::Issued,
        form::{self, About, Fields, Once},
        parameters::Parameters,
    },
    Ctx, Facts,
};
use crate::types::SecretToken;

impl Ctx {
    /// Returns whether this browser still keeps that link for its page, and no other.
    pub(in crate::web) fn keeps_link(&self) -> bool {
        self.facts.link.is_some() && self.facts.link.as_ref() == self.link()
    }

    /// Returns whether a form is about a sign-in that another one replaced in this browser.
    pub fn is_about_another_sign_in(&self) -> bool {
        let (Some(about), Some(pending)) = (self.facts.about.get(), &self.facts.pending) else { return false };
        about.sign_in != pending.mark()
    }

    /// Reads a form's token, if it is ours.
    pub(in crate::web) fn read_csrf(&self, token: &str) -> Option<Issued> {
        self.facts.csrf.read(&self.state.keys.csrf, token)
    }

    /// The secret of this browser's form cookie, if it sent one.
    pub(in crate::web) fn form_cookie(&self) -> Option<&SecretToken> {
        self.facts.csrf.cookie()
    }

    /// The session cookie as the browser sent it.
    pub(in crate::web) fn session_text(&self) -> Option<&str> {
        Some(self.facts.csrf.session()).filter(|text| !text.is_empty())
    }

    /// Returns whether the browser sent any cookie of ours.
    pub fn has_cookies(&self) -> bool {
        self.facts.has_cookies
    }

    /// Returns whether the response may be one of a chain of redirects that began with a form of ours.
    pub(in crate::web) fn may_follow_a_form(&self) -> bool {
        !self.facts.method.is_safe() || self.facts.from_here
    }

    /// The requested path with its query.
    pub(in crate::web) fn requested(&self) -> &str {
        self.facts.requested.path_and_query().map_or("", |requested| requested.as_str())
    }

    /// Reads the form of a request.
    pub(in crate::web) async fn receive(&self, headers: &HeaderMap, body: Body) {
        let (about, form) = form::receive(self, headers, body).await;
        self.facts.about.set(about).ok();
        *self.facts.form.lock().unwrap_or_else(PoisonError::into_inner) = Some(form);
    }

    /// Reads the parameters of a request that no form of ours made.
    pub(in crate::web) async fn receive_parameters(&self, headers: &HeaderMap, body: Body) {
        let parameters = form::read(headers, body).await.and_then(|body| Parameters::parse(&body));
        self.facts.parameters.set(parameters).ok();
    }

    /// The parameters of the body, on routes that take forms from anywhere.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn parameters(&self) -> Result<Parameters, AppError> {
        let parameters = self.facts.parameters.get().cloned();
        parameters.unwrap_or_else(|| Err(AppError::fault("a route takes parameters and does not say so")))
    }

    /// Hands the form to its handler.
    pub(in crate::web) fn take_form(&self) -> Result<Fields, AppError> {
        let form = self.facts.form.lock().unwrap_or_else(PoisonError::into_inner).take();
        form.unwrap_or_else(|| Err(AppError::fault("a handler took a form that was not read, or twice")))
    }

    /// Refuses a form that another browser sent before.
    pub(in crate::web) fn refuse_form(&self) {
        *self.facts.form.lock().unwrap_or_else(PoisonError::into_inner) = Some(Err(AppError::StaleForm));
    }

    /// What the form says of itself.
    pub(in crate::web) fn about_form(&self) -> Option<&About> {
        self.facts.about.get()
    }

    /// What tells the form from all others, on routes where that matters.
    pub(in crate::web) fn form_once(&self) -> Option<&Once> {
        let once = self.policy().is_some_and(|policy| policy.once);
        self.facts.about.get().filter(|_| once)?.once.as_ref()
    }

    /// The context of a GET that shows the form of `refused` again: the same request to the person and to the log.
    pub(in crate::web) fn begin_again(refused: &Self, request: &mut HttpRequest) -> Self {
        let (state, first) = (&refused.state, &refused.facts);
        let facts = Facts {
            request_id: first.request_id.clone(),
            now: first.now,
            address: first.address,
            from_proxy: first.from_proxy,
            again: Some(Arc::clone(first)),
            ..Facts::read(request, state, first.address)
        };
        let ctx = Self { state: state.clone(), facts: Arc::new(facts) };
        request.extensions_mut().insert(ctx.clone());
        ctx
    }

    /// What the form said that this page shows again.
    pub(in crate::web) fn shown_again(&self) -> Option<&About> {
        self.facts.again.as_ref()?.about.get()
    }
}
