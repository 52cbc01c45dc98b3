//! Shows all factors of an account on one page.
//!
//! 1. `GET /account/factors` lists passkeys, authenticator apps, recovery codes and the password, and says what to do
//!    next. It is open to accounts that must add a second factor before anything else
//!    (`VESTIBULE_REQUIRE_SECOND_FACTOR`), which are sent here from every other page.
//! 2. Adding, renaming and removing belong to the slice of each kind; the email about a change is rendered here.
//! 3. `POST /account/password/remove` removes the password. That requires two passkeys, or one and a recovery code, in
//!    case a passkey is lost. Such an account is recovered like any other: an emailed link sets a password again, and
//!    the second factor is still required.

mod handlers;
pub mod pages;
mod service;

use self::pages::{CHANGES, FactorsChanged};
use crate::{
    signin::factor_change::FACTORS_CHANGED,
    web::{Access, Slice, Writes, email, paths, routes::Routes},
};

/// What this slice registers.
pub const SLICE: Slice = Slice {
    routes,
    sweeps: &[],
    emails: &[email::EmailSpec {
        kind: &FACTORS_CHANGED,
        render: email::Render::ForUser(|renderer, _, user| {
            Box::pin(async move {
                let email = renderer.email;
                let known = CHANGES.into_iter().find(|change| *change == email.text("change"));
                let Some(change) = known else { return Ok(None) };
                let left = email.detail.get("left").and_then(serde_json::Value::as_u64).unwrap_or_default();
                let factors_link = renderer.link(paths::ACCOUNT_FACTORS);
                let changed = FactorsChanged { username: user.username.clone(), change, left, factors_link };
                renderer.render(&user, &email.address, &changed)
            })
        }),
    }],
};

fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT_FACTORS, Access::account().while_enrolling(), handlers::show)
        .get(paths::ACCOUNT_PASSWORD_REMOVE, Access::account().fresh(), handlers::show_remove_password)
        .post(paths::ACCOUNT_PASSWORD_REMOVE, Access::account().fresh(), handlers::remove_password)
        .writes(Writes::Sessions)
}
