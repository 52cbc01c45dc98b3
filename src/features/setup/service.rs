//! The use cases: a link at the start, and the account that it makes.

use std::time::Duration;

use crate::{
    accounts::{self, Address, NewAccount, Role, SignedUp, setup},
    audit::{self, Entry, Event},
    features::registration::RegisterForm,
    passwords::{NewHash, new_hash},
    signin,
    state::AppState,
    types::{SecretToken, TokenDigest, UserId},
    web::{AppError, Ctx},
};

/// What a service finds when it starts.
#[must_use]
#[derive(Debug)]
pub enum Begun {
    /// Nobody has an account. The link was made here, and its secret is kept nowhere else.
    Issued(SecretToken),
    /// There is no administrator, and no link that could be shown.
    NoAdministrator,
    /// There is an administrator.
    Administered,
}

/// Makes the link that makes the first administrator, when nobody has an account.
///
/// # Errors
/// Only the database's.
pub async fn begin(state: &AppState) -> Result<Begun, AppError> {
    let mut transaction = state.db.begin().await?;
    if let Some(secret) = setup::issue(&mut transaction, state.entropy).await? {
        audit::record(&mut transaction, &Entry::of_service(&Event::SetupLinkIssued, None)).await?;
        transaction.commit().await?;
        return Ok(Begun::Issued(secret));
    }
    let administered = setup::has_administrator(&mut transaction).await?;
    transaction.rollback().await?;
    Ok(if administered { Begun::Administered } else { Begun::NoAdministrator })
}

/// Whether the link in a browser's hands works.
pub async fn open(state: &AppState, ctx: &Ctx) -> Result<bool, AppError> {
    let Some(secret) = ctx.link() else { return Ok(false) };
    let mut connection = state.db.acquire().await?;
    Ok(setup::peek(&mut connection, &secret.digest()).await?)
}

/// What became of the form.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// There is an administrator.
    Done(UserId),
    /// The link no longer works.
    LinkOver,
    /// The public name belongs to somebody.
    UsernameTaken,
    /// The address was shown to be somebody's.
    EmailTaken,
    /// Too many passwords from this network.
    SlowDown(Duration),
    /// Too many passwords are waiting.
    Busy,
}

/// Makes the first administrator by the link in a browser's hands.
pub async fn make(state: &AppState, ctx: &Ctx, form: &RegisterForm) -> Result<Made, AppError> {
    let Some(secret) = ctx.link() else { return Ok(Made::LinkOver) };
    match new_hash(&state.db, &state.hasher, ctx.client_ip(), form.password.clone()).await? {
        NewHash::Hashed(hash) => create(state, ctx, form, &secret.digest(), &hash).await,
        NewHash::SlowDown(retry_after) => Ok(Made::SlowDown(retry_after)),
        NewHash::Busy => Ok(Made::Busy),
    }
}

/// The link, the account and the trail, or nothing: a link whose account could not be made still works.
async fn create(
    state: &AppState,
    ctx: &Ctx,
    form: &RegisterForm,
    digest: &TokenDigest,
    hash: &str,
) -> Result<Made, AppError> {
    let id = UserId::new(state.entropy);
    let account = NewAccount {
        id,
        username: &form.username,
        display_name: form.display_name.as_ref(),
        email: &form.email,
        password_hash: hash,
        lang: Some(ctx.lang()),
        role: Role::Admin,
        address: Address::Verified,
    };
    let mut transaction = state.db.begin().await?;
    if !setup::spend(&mut transaction, digest).await? {
        transaction.rollback().await?;
        return Ok(Made::LinkOver);
    }
    let refused = match accounts::create(&mut transaction, &account).await? {
        SignedUp::Created => None,
        SignedUp::UsernameTaken => Some(Made::UsernameTaken),
        SignedUp::EmailTaken => Some(Made::EmailTaken),
    };
    if let Some(refused) = refused {
        transaction.rollback().await?;
        return Ok(refused);
    }
    for event in [Event::SignedUp, Event::RoleChanged { role: Role::Admin.code().to_owned() }] {
        audit::record(&mut transaction, &signin::entry(ctx, &event, Some(id), None)).await?;
    }
    transaction.commit().await?;
    Ok(Made::Done(id))
}
