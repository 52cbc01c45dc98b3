//! `/dev/mail`: the letters of a development machine, where no mail server is set.
//!
//! Elsewhere there are no such routes: letters hold links that open accounts.

pub mod pages;

use axum::{
    extract::{Path, State},
    response::{Html, IntoResponse as _, Response},
};
use sqlx::PgConnection;
use uuid::Uuid;

use self::pages::{LetterPage, MailboxPage, Row, pieces};
use crate::{
    mail::dev_mailbox::{self, Shown},
    state::AppState,
    templates::mail_style_digest,
    types::Age,
    web::{AppError, Ctx, access::Access, headers::InlineStyle, page, paths, routes::Routes},
};

/// The routes of this slice, where there are any.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let state = routes.state();
    if !state.mailer.keeps_letters_here() || !state.config.site.public_url.is_loopback() {
        return routes;
    }
    routes.get(paths::DEV_MAIL, Access::Public, list).get(paths::DEV_MAIL_LETTER, Access::Public, show).get(
        paths::DEV_MAIL_HTML,
        Access::Public,
        show_html,
    )
}

/// `GET /dev/mail`
async fn list(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let listed = dev_mailbox::list(&mut connection).await?;
    drop(connection);
    let row = |letter: dev_mailbox::Listed| Row {
        path: path(paths::DEV_MAIL_LETTER, letter.id),
        subject: letter.subject,
        language: letter.language,
        address: letter.address,
        sent: Age::between(letter.sent_at, ctx.now()),
    };
    page(&state, &ctx, None, &MailboxPage { letters: listed.into_iter().map(row).collect() })
}

/// `GET /dev/mail/{id}`
async fn show(State(state): State<AppState>, ctx: Ctx, Path(id): Path<String>) -> Result<Response, AppError> {
    let id = parse(&id)?;
    let letter = find(&mut *state.db.acquire().await?, id).await?;
    let content = LetterPage {
        subject: letter.subject,
        address: letter.address,
        language: letter.language,
        sent: Age::between(letter.sent_at, ctx.now()),
        text: pieces(&letter.text, &state.config.site.public_url.origin()),
        html_path: path(paths::DEV_MAIL_HTML, id),
    };
    page(&state, &ctx, None, &content)
}

/// `GET /dev/mail/{id}/html`: the letter's own page, with its own style sheet and nothing else.
async fn show_html(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, AppError> {
    let letter = find(&mut *state.db.acquire().await?, parse(&id)?).await?;
    let mut response = Html(letter.html).into_response();
    response.extensions_mut().insert(InlineStyle(mail_style_digest()));
    Ok(response)
}

fn parse(id: &str) -> Result<Uuid, AppError> {
    Uuid::parse_str(id).map_err(|_| AppError::NotFound)
}

async fn find(connection: &mut PgConnection, id: Uuid) -> Result<Shown, AppError> {
    dev_mailbox::find(connection, id).await?.ok_or(AppError::NotFound)
}

fn path(pattern: &str, id: Uuid) -> String {
    pattern.replace("{id}", &id.to_string())
}
