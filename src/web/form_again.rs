//! A form whose token does not fit comes back with what was typed and a good token.
//!
//! Nothing of it was done. Its page is rendered as a GET of the same path would be, with what was typed in place of what
//! the page knows. Secrets are not shown again, nor is a form from another site.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use tower::ServiceExt as _;

use super::{AppError, Ctx, error::render_errors, form::Stale, paths, redirect::with_next};
use crate::{audit::log, templates::Again};

/// What is kept of a request with a form, to show its page again.
pub(super) struct SentForm {
    headers: HeaderMap,
    path: String,
    routes: Router,
}

impl SentForm {
    /// Keeps it for requests that can have a form.
    pub(super) fn of(request: &Request, routes: &Router) -> Option<Self> {
        (*request.method() == Method::POST).then(|| Self {
            headers: request.headers().clone(),
            path: request.uri().path().to_owned(),
            routes: routes.clone(),
        })
    }

    /// Renders a response, and the form again if that is what was refused. Also returns the context in which it was
    /// shown.
    pub(super) async fn again(self, ctx: &Ctx, response: Response) -> (Option<Ctx>, Response) {
        let refused = matches!(response.extensions().get(), Some(AppError::StaleForm));
        if refused
            && !ctx.wants_json()
            && let Some((shown, page)) = self.show(ctx).await
        {
            log::form_refused(&ctx.state.sampler, ctx.request());
            return (Some(shown), page);
        }
        (None, render_errors(ctx, response))
    }

    async fn show(self, refused: &Ctx) -> Option<(Ctx, Response)> {
        let about = refused.about_form().filter(|about| about.stale.is_some_and(|stale| stale != Stale::Foreign))?;
        let path = if self.path == paths::VERIFY_RESEND || self.path == paths::VERIFY_ADDRESS {
            paths::VERIFY
        } else {
            &self.path
        };
        let target = about.next.as_ref().map_or_else(|| path.to_owned(), |next| with_next(path, next.as_str()));
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        *request.headers_mut() = self.headers;
        request.headers_mut().remove(header::CONTENT_LENGTH);
        let shown = Ctx::begin_again(refused, &mut request);
        let mut page = self.routes.oneshot(request).await.into_response();
        match page.status() {
            StatusCode::OK => *page.status_mut() = StatusCode::FORBIDDEN,
            // Signed in meanwhile, in another tab: what the form was for is done.
            StatusCode::SEE_OTHER if paths::is_sign_in(path) && shown.visitor().session().is_some() => {}
            _ => return None,
        }
        Some((shown, page))
    }
}

impl Ctx {
    /// What a page shows again of the form that was refused.
    pub(super) fn again(&self) -> Option<Again<'_>> {
        let about = self.shown_again()?;
        let why = match about.stale? {
            Stale::Foreign => return None,
            Stale::NoCookie => "no-cookie",
            Stale::Outdated => "outdated",
        };
        Some(Again { why, typed: &about.typed })
    }
}
