//! `/dev/mail`: shows email on a development machine without a mail server.
//!
//! Elsewhere these routes do not exist, because email contains links that open accounts. They respond only under a name
//! of this machine. Otherwise a site whose name was pointed at this machine (DNS rebinding) could read the email
//! through the developer's browser.

mod handlers;
pub mod pages;

use crate::web::{Access, Slice, paths, routes::Routes};

/// This slice.
pub const SLICE: Slice = Slice::new(routes);

fn routes(r: Routes) -> Routes {
    let state = r.state();
    if !state.mailer.keeps_email_here() || !state.config.site.public_url.is_loopback() {
        return r;
    }
    r.get(paths::DEV_MAIL, Access::Public, handlers::list)
        .get(paths::DEV_MAIL_EMAIL, Access::Public, handlers::show)
        .get(paths::DEV_MAIL_HTML, Access::Public, handlers::show_html)
}
