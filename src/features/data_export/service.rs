//! The use case: one document from every table.

use sqlx::PgConnection;

use super::{
    model::{Document, List, ONE_MORE},
    store,
};
use crate::{
    audit::Event,
    features::{email, groups, passkeys, recovery_codes, totp},
    limits::{self, Key, Spend},
    sessions::LiveSession,
    state::AppState,
    types::{Request, UserId},
    web::AppError,
};

/// Collects everything that is stored about a user.
pub async fn export(state: &AppState, request: &Request, live: &LiveSession) -> Result<Document, AppError> {
    let (id, mut unit) = (live.user_id, state.recorder(request).begin().await?);
    if let Spend::Limited(throttled) = limits::spend_one(&mut unit, Key::changes(id), limits::CHANGES).await? {
        return Err(AppError::Throttled(throttled));
    }
    let document = Document {
        service: state.config.site.name.to_string(),
        generated_at: request.now.into(),
        account: store::account(&mut unit, id).await?.ok_or(AppError::NotFound)?,
        former_addresses: List::of(email::export(&mut unit, id, ONE_MORE).await?),
        groups: List::of(groups::export(&mut unit, id, ONE_MORE).await?),
        sessions: List::of(store::sessions(&mut unit, id, live.id).await?),
        known_browsers: List::of(store::known_browsers(&mut unit, id).await?),
        passkeys: List::of(passkeys::export(&mut unit, id, ONE_MORE).await?),
        authenticator_apps: List::of(totp::export(&mut unit, id, ONE_MORE).await?),
        recovery_codes: List::of(recovery_codes::export(&mut unit, id, ONE_MORE).await?),
        unfinished: List::of(unfinished(&mut unit, id).await?),
        mailed_links: List::of(store::links(&mut unit, id).await?),
        connected_apps: List::of(store::connected_apps(&mut unit, id).await?),
        app_sign_ins: List::of(store::grants(&mut unit, id).await?),
        app_sign_outs: List::of(store::sign_outs(&mut unit, id).await?),
        waiting_letters: List::of(store::emails(&mut unit, id).await?),
        events: List::of(store::events(&mut unit, id).await?),
    };
    unit.record(Event::DataDownloaded, id, Some(live.id));
    unit.commit().await?;
    Ok(document)
}

/// Sign-ins and ceremonies of passkeys, the newest first.
async fn unfinished(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<passkeys::Unfinished>> {
    let mut all = store::pending_sign_ins(connection, id).await?;
    all.extend(passkeys::export_ceremonies(connection, id, ONE_MORE).await?);
    all.sort_by_key(|begun| std::cmp::Reverse(begun.created_at));
    Ok(all)
}
