//! Forward-auth: hosts of apps behind a proxy that asks about every request.
//!
//! 1. The proxy asks at `/gate/…` with the facts of the request. Only trusted proxies may, only about hosts of apps that
//!    are registered. Scheme, host and cookie decide; no path is exempted.
//! 2. With the host's own cookie, `__Host-vestibule-gate`, the answer is 200 and says who it is in six headers
//!    ([`model::identity`]). The cookie is worth what its session is worth, judged from memory as every session is, and
//!    the app's level and groups are checked each time.
//! 3. Otherwise a navigation is sent to `/.vestibule/knock` on the host, which the proxy hands to us. Everything else gets
//!    401: a form is not sent again, and a `fetch` does not follow a redirect to another origin.
//! 4. The knock sets a cookie, `__Host-vestibule-knock`, and leads to `/gate` here. There the visitor signs in as ever, and
//!    gets a ticket: for one minute, one use, this app, this session, and the browser that knocked.
//! 5. `/.vestibule/enter` on the host checks ticket and knock in one statement, sets the cookie, and leads to the page.
//!    A ticket of another browser, host or time is refused; the owner's activity says so.
//! 6. `/.vestibule/leave` ends the host's session, and leads to the page that offers to sign out everywhere.

mod forms;
mod handlers;
mod model;
pub mod pages;
mod service;
mod store;

use crate::web::{Access, Slice, Sweep, Turn, Writes, access::Dialect, paths, routes::Routes};

/// What this slice registers.
pub const SLICE: Slice = Slice {
    routes,
    sweeps: &[Sweep {
        name: "gate_tickets",
        turn: Turn::Round,
        run: |state| Box::pin(async { store::sweep(&mut *state.db.acquire().await?).await }),
    }],
    emails: &[],
};

fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::GATE_NGINX, Access::Proxy, handlers::nginx)
        .dialect(Dialect::Problem)
        .get(paths::GATE_TRAEFIK, Access::Proxy, handlers::forwarded)
        .dialect(Dialect::Problem)
        .get(paths::GATE_CADDY, Access::Proxy, handlers::forwarded)
        .dialect(Dialect::Problem)
        .get(paths::GATE_HAPROXY, Access::Proxy, handlers::forwarded)
        .dialect(Dialect::Problem)
        .any(paths::GATE_ENVOY, Access::Proxy, handlers::envoy)
        .dialect(Dialect::Problem)
        .from_anywhere()
        .any(paths::GATE_ENVOY_PATH, Access::Proxy, handlers::envoy)
        .dialect(Dialect::Problem)
        .from_anywhere()
        .get(paths::GATE, Access::account(), handlers::pass)
        .get(paths::GATE_AGAIN, Access::Public, handlers::again)
        .get(paths::GATE_LEFT, Access::Public, handlers::left)
        .get(paths::HOST_KNOCK, Access::Public, handlers::knock)
        .get(paths::HOST_ENTER, Access::Public, handlers::enter)
        .get(paths::HOST_LEAVE, Access::Public, handlers::leave)
        .writes(Writes::Sessions)
}
