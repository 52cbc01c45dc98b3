//! `/dev/mail`: the letters of a development machine, where no mail server is set.
//!
//! Elsewhere there are no such routes: letters hold links that open accounts. And they are shown under
//! a name of this machine only: a site whose name was pointed at this machine meanwhile (DNS
//! rebinding) would otherwise read them through the developer's browser.

pub mod pages;

use axum::{
    extract::{FromRequestParts, Path, State},
    http::{header, request::Parts},
    response::{Html, IntoResponse as _, Response},
};
use sqlx::PgConnection;
use url::Url;
use uuid::Uuid;

use self::pages::{LetterPage, MailboxPage, Row, pieces};
use crate::{
    config::is_loopback_url,
    http::headers::InlineStyle,
    mail::dev_mailbox::{self, Shown},
    state::AppState,
    templates::mail_style_digest,
    types::Age,
    web::{AppError, Ctx, access::Access, page, paths, routes::Routes},
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

/// Proof that the request named this machine.
struct ByItsOwnName;

impl FromRequestParts<AppState> for ByItsOwnName {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let named = Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback_url(&url));
        if named { Ok(Self) } else { Err(AppError::NotFound) }
    }
}

/// `GET /dev/mail`
async fn list(_: ByItsOwnName, State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
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
async fn show(
    _: ByItsOwnName,
    State(state): State<AppState>,
    ctx: Ctx,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
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
async fn show_html(
    _: ByItsOwnName,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
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
