//! The form of a request, as its context provides it.

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
    /// Returns whether the browser's link cookie still has the link of this request.
    pub(in crate::web) fn keeps_link(&self) -> bool {
        self.facts.link.is_some() && self.facts.link.as_ref() == self.link()
    }

    /// Returns whether the form belongs to a pending sign-in that a newer one in this browser replaced.
    pub fn is_about_another_sign_in(&self) -> bool {
        let (Some(about), Some(pending)) = (self.facts.about.get(), &self.facts.pending) else { return false };
        about.sign_in != pending.mark()
    }

    /// Parses a form's token; `None` if we did not issue it.
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

    /// Returns whether this request may be part of a redirect chain that began with one of our forms.
    pub(in crate::web) fn may_follow_a_form(&self) -> bool {
        !self.facts.method.is_safe() || self.facts.from_here
    }

    /// The requested path with its query.
    pub(in crate::web) fn requested(&self) -> &str {
        self.facts.requested.path_and_query().map_or("", |requested| requested.as_str())
    }

    /// Reads and checks the request's form.
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

    /// Takes the form for its handler; works once.
    pub(in crate::web) fn take_form(&self) -> Result<Fields, AppError> {
        let form = self.facts.form.lock().unwrap_or_else(PoisonError::into_inner).take();
        form.unwrap_or_else(|| Err(AppError::fault("a handler took a form that was not read, or twice")))
    }

    /// Refuses a form that another browser has sent already.
    pub(in crate::web) fn refuse_form(&self) {
        *self.facts.form.lock().unwrap_or_else(PoisonError::into_inner) = Some(Err(AppError::StaleForm));
    }

    /// The form's metadata.
    pub(in crate::web) fn about_form(&self) -> Option<&About> {
        self.facts.about.get()
    }

    /// The form's identity, on routes that process a form once.
    pub(in crate::web) fn form_once(&self) -> Option<&Once> {
        let once = self.policy().is_some_and(|policy| policy.once);
        self.facts.about.get().filter(|_| once)?.once.as_ref()
    }

    /// The context of an internal GET that redisplays the form of `refused`. It has the same request ID, time and
    /// address.
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

    /// The metadata of the refused form that this page redisplays.
    pub(in crate::web) fn shown_again(&self) -> Option<&About> {
        self.facts.again.as_ref()?.about.get()
    }
}
