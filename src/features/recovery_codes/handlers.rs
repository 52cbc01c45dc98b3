//! The account's page of recovery codes.

use axum::http::{HeaderValue, header};

use super::{
    model::RecoveryCode,
    pages::{CodesPage, KeptPage},
    service::{self, CODES, Created},
};
use crate::{
    types::Age,
    web::{Answer, AppError, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/factors/recovery-codes`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let Some(kept) = service::kept(&ctx.state, &me).await? else { return ctx.see_other(paths::ACCOUNT_FACTORS) };
    ctx.page(&KeptPage {
        left: kept.left.unsigned_abs(),
        created: kept.created_at.map(|created_at| Age::between(created_at, ctx.now())),
        notice: ctx.take_notice(),
    })
}

/// `POST /account/factors/recovery-codes`: the page that shows them, instead of a redirect to one that could show them
/// again.
pub async fn create(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    match service::create(&ctx.state, ctx.request(), &me, form.get("instead_of")).await? {
        Created::Codes(codes) => ctx.page(&CodesPage::new(&me.username, &codes)),
        Created::Already => ctx.see_other(paths::ACCOUNT_RECOVERY_CODES),
        Created::NoSecondFactor => ctx.see_other(paths::ACCOUNT_FACTORS),
    }
}

/// `POST /account/factors/recovery-codes/file`.
pub async fn file(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let codes: Option<Vec<_>> = form.get("codes").split(' ').map(RecoveryCode::parse).collect();
    let codes = codes.filter(|codes| codes.len() == CODES).ok_or(AppError::BadRequest("not ten recovery codes"))?;
    let title = format!("{} - {}", &*ctx.state.config.site.name, me.username);
    let mut text = format!("{title}\r\n{}\r\n\r\n", ctx.state.templates.message(ctx.lang(), "recovery-codes-file"));
    for code in codes {
        text.push_str(&code.grouped());
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"recovery-codes.txt\"")),
    ];
    ctx.answer((headers, text))
}
