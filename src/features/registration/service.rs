//! The use case: making an account.

use std::{net::IpAddr, time::Duration};

use super::forms::RegisterForm;
use crate::{
    accounts::{self, NewAccount, SignedUp},
    authn::{
        attempts::{self, Key, Taken},
        hasher::HasherError,
    },
    state::AppState,
    types::UserId,
    web::AppError,
};

/// What became of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum SignUp {
    /// There is a new account.
    Created(UserId),
    /// The public name belongs to somebody else.
    UsernameTaken,
    /// The address has an account. The visitor must not learn that.
    EmailTaken,
    /// Too many sign-ups from this network.
    SlowDown {
        /// When the next one may come.
        retry_after: Duration,
    },
    /// Too many passwords are waiting.
    Busy,
}

/// Makes the account that a form asks for.
pub async fn sign_up(state: &AppState, form: &RegisterForm, address: IpAddr) -> Result<SignUp, AppError> {
    let place = match state.hasher.reserve(Key::network(address)) {
        Ok(place) => place,
        Err(HasherError::Busy) => return Ok(SignUp::Busy),
        Err(error) => return Err(error.into()),
    };
    let mut connection = state.db.acquire().await?;
    let taken = attempts::take_one(&mut connection, Key::sign_up(address), attempts::SIGN_UP).await?;
    if let Taken::No { retry_after } = taken {
        return Ok(SignUp::SlowDown { retry_after });
    }
    // Others may use the connection while this password is hashed.
    drop(connection);
    let password_hash = place.hash(form.password.clone()).await?;
    let id = UserId::new(state.entropy);
    let account = NewAccount {
        id,
        username: &form.username,
        display_name: form.display_name.as_ref(),
        email: &form.email,
        password_hash: &password_hash,
    };
    let mut connection = state.db.acquire().await?;
    Ok(match accounts::create(&mut connection, &account).await? {
        SignedUp::Created => SignUp::Created(id),
        SignedUp::UsernameTaken => SignUp::UsernameTaken,
        SignedUp::EmailTaken => SignUp::EmailTaken,
    })
}
