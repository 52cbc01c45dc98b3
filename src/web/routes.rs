//! The list of all routes. Data beside the router, so that a test walks every route as every kind
//! of visitor and no route is forgotten.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};

use super::access::{Access, Guarded};
use crate::state::AppState;

/// One way into the service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Collects the routes of every slice.
#[derive(Debug)]
pub struct Routes {
    state: AppState,
    router: Router<AppState>,
    list: Vec<Route>,
}

impl Routes {
    /// No routes yet.
    #[must_use]
    pub fn new(state: AppState) -> Self {
        Self { state, router: Router::new(), list: Vec::new() }
    }

    /// The service that the routes are for; some of them exist with some settings only.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Adds a GET route (and HEAD with it).
    #[must_use]
    pub fn get<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, AppState>) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    /// Adds a POST route.
    #[must_use]
    pub fn post<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, AppState>) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    fn add<T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.router = self.router.route(path, on(filter, Guarded { path, access, handler }));
        self.list.push(Route { method, path, access });
        self
    }

    /// The list.
    #[must_use]
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// The router.
    pub fn into_router(self) -> Router {
        self.router.with_state(self.state)
    }
}
