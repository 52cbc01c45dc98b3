//! The mailbox, and one email in it.

use axum::{
    Extension,
    extract::{FromRequestParts, Path},
    http::{header, request::Parts, uri::Authority},
    response::Html,
};
use url::Url;
use uuid::Uuid;

use super::pages::{EmailPage, MailboxPage, Row, pieces};
use crate::{
    config::is_loopback_url,
    http::headers::InlineStyle,
    mail::dev_mailbox::{self, Listed, Shown},
    state::AppState,
    templates::mail_style_digest,
    types::Age,
    web::{Answer, AppError, Ctx, paths},
};

/// A request whose `Host` is a name of this machine; others get 404.
pub struct LoopbackHost;

impl FromRequestParts<AppState> for LoopbackHost {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let field = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        // The host of a target in absolute form counts instead (RFC 9112 section 3.2.2).
        let host = parts.uri.authority().map_or(field, Authority::as_str);
        let loopback = Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback_url(&url));
        if loopback { Ok(Self) } else { Err(AppError::NotFound) }
    }
}

/// `GET /dev/mail`
pub async fn list(_: LoopbackHost, ctx: Ctx) -> Answer {
    let listed = dev_mailbox::list(&mut *ctx.state.db.acquire().await?).await?;
    let row = |email: Listed| Row {
        path: path(paths::DEV_MAIL_EMAIL, email.id),
        subject: email.subject,
        language: email.language,
        address: email.address,
        sent: Age::between(email.sent_at, ctx.now()),
    };
    ctx.page(&MailboxPage { emails: listed.into_iter().map(row).collect() })
}

/// `GET /dev/mail/{id}`
pub async fn show(_: LoopbackHost, ctx: Ctx, Path(id): Path<String>) -> Answer {
    let (id, email) = find(&ctx, &id).await?;
    ctx.page(&EmailPage {
        subject: email.subject,
        address: email.address,
        language: email.language,
        sent: Age::between(email.sent_at, ctx.now()),
        text: pieces(&email.text, &ctx.state.config.site.public_url.origin()),
        html_path: path(paths::DEV_MAIL_HTML, id),
    })
}

/// `GET /dev/mail/{id}/html`: the email's own page, with its own style sheet and nothing else.
pub async fn show_html(_: LoopbackHost, ctx: Ctx, Path(id): Path<String>) -> Answer {
    let (_, email) = find(&ctx, &id).await?;
    ctx.answer((Extension(InlineStyle(mail_style_digest())), Html(email.html)))
}

async fn find(ctx: &Ctx, id: &str) -> Result<(Uuid, Shown), AppError> {
    let id = Uuid::parse_str(id).map_err(|_| AppError::NotFound)?;
    let found = dev_mailbox::find(&mut *ctx.state.db.acquire().await?, id).await?;
    Ok((id, found.ok_or(AppError::NotFound)?))
}

fn path(pattern: &str, id: Uuid) -> String {
    pattern.replace("{id}", &id.to_string())
}
