//! The account's page of recovery codes.

use axum::http::{HeaderValue, header};

use super::{
    model::RecoveryCode,
    pages::{CodesPage, KeptPage},
    service::{self, CODES, Created},
};
use crate::{
    sessions::LiveSession,
    types::{Age, Notice, ReturnTo},
    web::{Answer, AnswerExt as _, AppError, Ctx, Fields, SessionCookie, SignedIn, Submitted, paths},
};

/// `GET /account/factors/recovery-codes`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let Some(kept) = service::kept(&ctx.state, &me).await? else { return ctx.see_other(paths::ACCOUNT_FACTORS) };
    ctx.page(&KeptPage {
        left: kept.left.unsigned_abs(),
        created: kept.created_at.map(|created_at| Age::between(created_at, ctx.now())),
        saved: kept.saved,
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

/// The page that shows the codes of a first factor, with what happened and the session's new cookie.
///
/// # Errors
/// As [`Ctx::page`].
pub fn show_first(
    ctx: &Ctx,
    me: &LiveSession,
    codes: &[RecoveryCode],
    (notice, renewed): (Notice, Option<SessionCookie>),
) -> Answer {
    if let Some(cookie) = &renewed {
        ctx.renews(cookie);
    }
    ctx.page(&CodesPage { notice: Some(notice), ..CodesPage::new(&me.username, codes) }).session(renewed)
}

/// The codes that the form brings back from the page that shows them.
fn displayed(form: &Fields) -> Result<Vec<RecoveryCode>, AppError> {
    let codes: Option<Vec<_>> = form.get("codes").split(' ').map(RecoveryCode::parse).collect();
    codes.filter(|codes| codes.len() == CODES).ok_or(AppError::BadRequest("not ten recovery codes"))
}

/// `POST /account/factors/recovery-codes/saved`.
pub async fn saved(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let codes = displayed(&form)?;
    let (saved, skipped) = (form.has("saved"), form.has("skip"));
    if !saved && !skipped {
        return ctx.refuse(&CodesPage { unticked: true, ..CodesPage::new(&me.username, &codes) });
    }
    let codes = saved.then_some(&*codes);
    let next = service::saved(&ctx.state, ctx.request(), &me, codes).await?;
    ctx.see_other(next.as_ref().map_or(paths::ACCOUNT_FACTORS, ReturnTo::as_str))
}

/// `POST /account/factors/recovery-codes/file`.
pub async fn file(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let codes = displayed(&form)?;
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
