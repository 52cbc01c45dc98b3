//! The use case: making an account.

use std::{net::IpAddr, time::Duration};

use serde_json::json;
use sqlx::PgConnection;

use super::forms::RegisterForm;
use crate::{
    accounts::{self, Address, NewAccount, Role, SignedUp},
    audit::{self, Event},
    authn::{
        attempts::{self, Key, Taken},
        hasher::HasherError,
    },
    mail::{Kind, NewLetter, outbox},
    state::AppState,
    types::{TokenDigest, UserId},
    web::{AppError, Ctx, sign_in},
};

/// What became of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum SignUp {
    /// There is a new account.
    Created(UserId),
    /// The public name belongs to somebody else.
    UsernameTaken,
    /// Too many sign-ups from this network.
    SlowDown {
        /// When the next one may come.
        retry_after: Duration,
    },
    /// Too many passwords are waiting.
    Busy,
}

/// Makes the account that a form asks for. Whether its address is somebody's makes no difference here:
/// the account merely claims it, and the words of the letter are found when it is sent.
pub async fn sign_up(
    state: &AppState,
    ctx: &Ctx,
    form: &RegisterForm,
    browser: &TokenDigest,
) -> Result<SignUp, AppError> {
    let place = match state.hasher.reserve(Key::network(ctx.client_ip())) {
        Ok(place) => place,
        Err(HasherError::Busy) => return Ok(SignUp::Busy),
        Err(error) => return Err(error.into()),
    };
    if let Taken::No { retry_after } = take(state, ctx.client_ip()).await? {
        return Ok(SignUp::SlowDown { retry_after });
    }
    let password_hash = place.hash(form.password.clone()).await?;
    let id = UserId::new(state.entropy);
    let expires = state.config.accounts.require_verification;
    let account = NewAccount {
        id,
        username: &form.username,
        display_name: form.display_name.as_ref(),
        email: &form.email,
        password_hash: &password_hash,
        lang: Some(ctx.lang()),
        role: Role::Member,
        address: Address::Claimed { browser: Some(browser), expires },
    };
    let mut transaction = state.db.begin().await?;
    if accounts::create(&mut transaction, &account).await? != SignedUp::Created {
        return Ok(SignUp::UsernameTaken);
    }
    audit::record(&mut transaction, &sign_in::entry(ctx, &Event::SignedUp, Some(id), None)).await?;
    tell(&mut transaction, state, ctx, form, id).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(SignUp::Created(id))
}

async fn take(state: &AppState, address: IpAddr) -> Result<Taken, AppError> {
    let mut connection = state.db.acquire().await?;
    Ok(attempts::take_one(&mut connection, Key::sign_up(address), attempts::SIGN_UP).await?)
}

async fn tell(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    form: &RegisterForm,
    whom: UserId,
) -> Result<(), AppError> {
    let letter = NewLetter {
        kind: Kind::SignUp,
        user_id: Some(whom),
        address: form.email.as_str(),
        lang: ctx.lang(),
        detail: json!({}),
    };
    outbox::enqueue(connection, state.entropy, &letter).await?;
    Ok(())
}
