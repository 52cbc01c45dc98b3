//! The list of connected apps and its form.

use uuid::Uuid;

use super::{
    pages::{AppRow, AppsPage},
    service::{self, Removed},
};
use crate::{
    types::{AppId, Notice},
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/apps`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let apps = service::list(&ctx.state, &me).await?;
    let apps = apps.into_iter().map(|app| AppRow::new(app, ctx.now())).collect();
    ctx.page(&AppsPage { apps, notice: ctx.take_notice() })
}

/// `POST /account/apps/remove`.
pub async fn remove(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let id = Uuid::try_parse(form.get("app_id")).map_err(|_| AppError::NotFound)?;
    let notice = match service::remove(&ctx.state, ctx.request(), &me, AppId(id)).await? {
        Removed::Consent => Notice::AppRemoved,
        Removed::SignIns => Notice::AppSignedOut,
    };
    ctx.see_other(paths::ACCOUNT_APPS).notice(notice)
}
