//! Everything that is kept about a person, for that person (GDPR articles 15 and 20).
//!
//! 1. `GET /account/data` says what it is.
//! 2. `POST /account/data` asks for a fresh proof of who is there, then answers with one JSON document
//!    to keep: the account, its former addresses, sessions and known browsers, the names and dates of its
//!    factors, its outstanding links and letters, and what the audit trail holds of it. Digests of secrets are left out: they say nothing.
//! 3. Each list has a bound, and the document says when a list was cut. The download itself is noted
//!    in the audit trail.

mod document;
pub mod pages;
mod store;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use self::{document::Document, pages::DataPage};
use crate::{
    audit::{self, Event},
    limits::{self, Key, Taken},
    sessions::LiveSession,
    signin,
    state::AppState,
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, access::Access, event, notice::page_with_notice, paths,
        routes::Routes,
    },
};

pub use self::store::{KEPT_ABOUT_A_PERSON, LISTED_MAX};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ACCOUNT_DATA, Access::SignedIn, show).post(paths::ACCOUNT_DATA, Access::Recent, download)
}

async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let content = DataPage { notice: ctx.notice() };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

async fn download(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    let document = collect(&state, &ctx, &live).await?;
    let body = serde_json::to_vec_pretty(&document).map_err(|_| AppError::fault("an export that is no JSON"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"account-data.json\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

async fn collect(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Document, AppError> {
    let mut transaction = state.db.begin().await?;
    if let Taken::No { retry_after } =
        limits::take_one(&mut transaction, Key::changes(live.user_id), limits::CHANGES).await?
    {
        event::limited(ctx, "data");
        return Err(AppError::SlowDown { retry_after });
    }
    let document = Document {
        service: state.config.site.name.to_string(),
        generated_at: ctx.now(),
        account: store::account(&mut transaction, live.user_id).await?.ok_or(AppError::NotFound)?,
        former_addresses: store::former_addresses(&mut transaction, live.user_id).await?,
        sessions: store::sessions(&mut transaction, live.user_id, live.id).await?,
        known_browsers: store::known_browsers(&mut transaction, live.user_id).await?,
        passkeys: store::passkeys(&mut transaction, live.user_id).await?,
        authenticator_apps: store::authenticator_apps(&mut transaction, live.user_id).await?,
        recovery_codes: store::recovery_codes(&mut transaction, live.user_id).await?,
        unfinished: store::unfinished(&mut transaction, live.user_id).await?,
        mailed_links: store::links(&mut transaction, live.user_id).await?,
        waiting_letters: store::letters(&mut transaction, live.user_id).await?,
        events: store::events(&mut transaction, live.user_id).await?,
    };
    let entry = signin::entry(ctx, &Event::DataDownloaded, Some(live.user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    transaction.commit().await?;
    Ok(document)
}
