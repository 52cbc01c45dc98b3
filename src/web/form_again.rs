//! Redisplays a form whose token does not match, with what was typed and a valid token.
//!
//! The form was not processed. Its page is rendered like a GET of the same path, but with the typed values in its
//! fields. Secrets are not redisplayed, and neither is a form from another site.

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

/// The parts of a form's request that redisplaying it needs.
pub(super) struct SentForm {
    headers: HeaderMap,
    path: String,
    routes: Router,
}

impl SentForm {
    /// Copies them from a POST request.
    pub(super) fn of(request: &Request, routes: &Router) -> Option<Self> {
        (*request.method() == Method::POST).then(|| Self {
            headers: request.headers().clone(),
            path: request.uri().path().to_owned(),
            routes: routes.clone(),
        })
    }

    /// Renders errors; redisplays the form if its token was refused. Then also returns the context of that page.
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
            // The visitor has signed in meanwhile in another tab, so the form has served its purpose.
            StatusCode::SEE_OTHER if paths::is_sign_in(path) && shown.visitor().session().is_some() => {}
            _ => return None,
        }
        Some((shown, page))
    }
}

impl Ctx {
    /// The refused form that this page redisplays.
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
