//! The page that asks for the password again.

use super::{
    pages::ReauthPage,
    service::{self, Outcome},
};
use crate::{
    signin::challenge::reauth_path,
    web::{Answer, Ctx, SignedIn, Submitted},
};

/// `GET /reauth`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let next = ctx.next();
    match service::factor_to_ask(&ctx.state, &me).await? {
        None => {
            let notice = ctx.take_notice();
            ctx.page(&ReauthPage { notice, ..ReauthPage::new(&me, next.as_ref(), None) })
        }
        factor => ctx.see_other(reauth_path(factor, next.as_ref())),
    }
}

/// `POST /reauth`.
pub async fn submit(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let next = form.next();
    match service::reauthenticate(&ctx.state, ctx.request(), &me, form.get("password")).await? {
        Outcome::Renewed(cookie) => ctx.renewed(cookie, next.as_ref()),
        Outcome::NeedsFactor(factor) => ctx.see_other(reauth_path(Some(factor), next.as_ref())),
        Outcome::Refused(problem) => ctx.refuse(&ReauthPage::new(&me, next.as_ref(), Some(problem))),
    }
}
