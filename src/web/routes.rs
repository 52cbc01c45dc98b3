//! The route list: data next to the router, so that a test can request every route as every kind of visitor.

use std::{collections::BTreeSet, future::ready, sync::Arc};

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, any, on},
};

use super::{
    access::{Access, Cors, Dialect, Guarded, Policy, Writes},
    oauth,
    redirect::redirect,
};
use crate::state::AppState;

/// A route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// Its policy.
    pub policy: Policy,
}

/// Collects the routes of every slice.
#[must_use]
pub struct Routes {
    state: AppState,
    routes: Vec<(Route, Build)>,
}

type Build = Box<dyn FnOnce(Policy) -> MethodRouter<AppState>>;

impl Routes {
    /// Creates an empty list.
    pub fn new(state: AppState) -> Self {
        Self { state, routes: Vec::new() }
    }

    /// The state, for routes that depend on settings.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Adds a GET route (and HEAD with it).
    pub fn get<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, AppState>) -> Self {
        self.add(Method::GET, Some(MethodFilter::GET), path, access, handler)
    }

    /// Adds a route for every method, listed as GET: of a proxy that asks with the method of the request it asks about.
    pub fn any<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, AppState>) -> Self {
        self.add(Method::GET, None, path, access, handler)
    }

    /// Adds a POST route.
    pub fn post<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, AppState>) -> Self {
        self.add(Method::POST, Some(MethodFilter::POST), path, access, handler)
    }

    /// Adds a GET route that redirects from a form's path to the page with the form, for visitors who sign in again,
    /// switch the language or reload there.
    pub fn back(self, path: &'static str, access: Access, to: &'static str) -> Self {
        self.get(path, access, move || async move { super::redirect::see_other(to) })
    }

    /// Declares what the last route changes.
    pub fn writes(self, writes: Writes) -> Self {
        self.last(|policy| policy.writes = writes)
    }

    /// Declares that the last route processes every submission of a form, because it is idempotent anyway or its
    /// response must not be stored.
    pub fn anew(self) -> Self {
        self.last(|policy| policy.once = false)
    }

    /// Declares that the last route takes forms of apps and their pages, as [`super::Parameters`]. Nobody's cookie may
    /// decide about what such a form changes.
    pub fn from_anywhere(self) -> Self {
        self.last(|policy| policy.from_anywhere = true)
    }

    /// Declares the error format of the last route.
    pub fn dialect(self, dialect: Dialect) -> Self {
        self.last(|policy| policy.dialect = dialect)
    }

    /// Declares which origins may read the last route's responses.
    pub fn cors(self, cors: Cors) -> Self {
        self.last(|policy| policy.cors = cors)
    }

    fn last(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        if let Some((route, _)) = self.routes.last_mut() {
            change(&mut route.policy);
        }
        self
    }

    fn add<T: 'static>(
        mut self,
        method: Method,
        filter: Option<MethodFilter>,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        let (writes, dialect, cors) = (Writes::Nothing, Dialect::Page, Cors::SameOrigin);
        let policy = Policy { path, access, writes, dialect, cors, once: true, from_anywhere: false };
        let build: Build = Box::new(move |policy| match filter {
            Some(filter) => on(filter, Guarded { policy, handler }),
            None => any(Guarded { policy, handler }),
        });
        self.routes.push((Route { method, policy }, build));
        self
    }

    /// The list of routes.
    pub fn list(&self) -> Vec<Route> {
        self.routes.iter().map(|(route, _)| route.clone()).collect()
    }

    /// Builds the router. A path with a trailing slash redirects to the page without it.
    pub fn into_router(self) -> Router {
        let gets = self.routes.iter().filter(|(route, _)| route.method == Method::GET);
        let paths = gets.map(|(route, _)| route.policy.path).filter(|path| !path.contains('{'));
        let pages: Arc<[&'static str]> = paths.collect();
        let fallback = move |request: Request| ready(without_slash(&pages, &request));
        let add = |router: Router<AppState>, (route, build): (Route, Build)| {
            router.route(route.policy.path, build(route.policy))
        };
        let shared: BTreeSet<_> = self
            .routes
            .iter()
            .map(|(route, _)| route.policy)
            .filter(|policy| policy.cors == Cors::Apps)
            .map(|policy| policy.path)
            .collect();
        let router = self.routes.into_iter().fold(Router::new(), add);
        let preflight =
            |router: Router<AppState>, path| router.route(path, on(MethodFilter::OPTIONS, oauth::cors::preflight));
        shared.into_iter().fold(router, preflight).fallback(fallback).with_state(self.state)
    }
}

/// Redirects to the page without the trailing slash, or returns 404. The location is the route's own path with the
/// query, never the requested path, so that it cannot be an open redirect (`//evil.example/`). Does not redirect forms
/// or paths with parameters.
fn without_slash(pages: &[&'static str], request: &Request) -> Response {
    let path =
        request.uri().path().strip_suffix('/').filter(|_| [Method::GET, Method::HEAD].contains(request.method()));
    let Some(page) = path.and_then(|path| pages.iter().find(|page| **page == path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match request.uri().query() {
        Some(query) => redirect(StatusCode::PERMANENT_REDIRECT, &format!("{page}?{query}")),
        None => redirect(StatusCode::PERMANENT_REDIRECT, page),
    }
}
