//! The use case: making an account.

use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;

use super::forms::RegisterForm;
use crate::{
    accounts::{self, Address, NewAccount, Role, SignedUp},
    audit::{self, Event},
    mail::{Kind, NewLetter, outbox},
    passwords::{NewHash, new_hash},
    signin,
    state::AppState,
    types::{TokenDigest, UserId},
    web::{AppError, Ctx},
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
    let password_hash = match new_hash(&state.db, &state.hasher, ctx.client_ip(), form.password.clone()).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::SlowDown(retry_after) => return Ok(SignUp::SlowDown { retry_after }),
        NewHash::Busy => return Ok(SignUp::Busy),
    };
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
    audit::record(&mut transaction, &signin::entry(ctx, &Event::SignedUp, Some(id), None)).await?;
    tell(&mut transaction, state, ctx, form, id).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(SignUp::Created(id))
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
