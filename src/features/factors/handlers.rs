//! The overview, and the pages that ask before a passkey is renamed or removed.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::{
    pages::{Codes, FactorRow, FactorsPage, RemovePage, RenamePage},
    store::{self, Listed},
};
use crate::{
    accounts::{self, Factors, Role},
    sessions::LiveSession,
    state::AppState,
    types::Age,
    web::{AppError, Ctx, SignedIn, Visitor, notice::page_with_notice, page, paths, see_other},
};

/// The kind of factor, as the list says it.
const PASSKEY: &str = "passkey";

/// `GET /account/factors`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let listed = store::list(&mut connection, live.user_id).await?;
    let others = store::others(&mut connection, live.user_id).await?;
    drop(connection);
    let rows = |kind: &str| {
        let of_kind = listed.iter().filter(|factor| factor.kind == kind);
        of_kind.map(|factor| row(&ctx, factor)).collect::<Vec<_>>()
    };
    let (passkeys, apps) = (rows(PASSKEY), rows("totp"));
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let factors = Factors {
        password: others.password_set_at.is_some(),
        totp: count(apps.len()),
        passkeys: count(passkeys.len()),
        recovery_codes: u32::try_from(others.codes_left).unwrap_or(u32::MAX),
    };
    let content = FactorsPage {
        must_enrol: live.must_enrol,
        second_step: factors.has_second(),
        password_set: others.password_set_at.map(|at| Age::between(at, ctx.now())),
        may_remove_password: factors.do_without_password(),
        passkeys,
        apps,
        codes: Codes::of(&factors),
        codes_left: factors.recovery_codes,
        codes_made: others.codes_made_at.map(|at| Age::between(at, ctx.now())),
        notice: ctx.notice(),
    };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

fn row(ctx: &Ctx, factor: &Listed) -> FactorRow {
    FactorRow {
        id: factor.id.to_string(),
        name: factor.name.clone(),
        added: Age::between(factor.added_at, ctx.now()),
        last_used: factor.last_used_at.map(|at| Age::between(at, ctx.now())),
        synced: factor.synced,
    }
}

/// `GET /account/factors/passkeys/rename`.
pub async fn rename_passkey(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    let Some((passkey, _)) = find_passkey(&state, &ctx, &live).await? else {
        return Ok(see_other(paths::ACCOUNT_FACTORS));
    };
    let content = RenamePage { id: passkey.id.to_string(), name: passkey.name };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// `GET /account/factors/passkeys/remove`.
pub async fn remove_passkey(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    let Some((passkey, factors)) = find_passkey(&state, &ctx, &live).await? else {
        return Ok(see_other(paths::ACCOUNT_FACTORS));
    };
    let left = Factors { passkeys: factors.passkeys.saturating_sub(1), ..factors };
    let content = RemovePage {
        id: passkey.id.to_string(),
        name: passkey.name,
        needed: !factors.password && !left.do_without_password(),
        last: !left.has_second(),
        required: Role::needing_second_factor(state.config.accounts.require_second_factor).contains(&live.role),
    };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// The passkey that the address names, with what the account has. One that is not there, or is somebody
/// else's, leads back to the list: so does an address without one, as after proving again who one is.
async fn find_passkey(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Option<(Listed, Factors)>, AppError> {
    let Some(id) = ctx.query("passkey").and_then(|id| Uuid::try_parse(&id).ok()) else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let listed = store::list(&mut connection, live.user_id).await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    let found = listed.into_iter().find(|factor| factor.id == id && factor.kind == PASSKEY);
    Ok(found.map(|passkey| (passkey, factors)))
}
