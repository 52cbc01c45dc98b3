//! The use case: making an account.

use std::time::Duration;

use super::forms::RegisterForm;
use crate::{
    accounts::{self, NewAccount, SignedUp},
    audit::{self, Entry, Event, Origin},
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
pub async fn sign_up(state: &AppState, form: &RegisterForm, origin: Origin<'_>) -> Result<SignUp, AppError> {
    let address = origin.address;
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
    let mut transaction = state.db.begin().await?;
    // A taken address costs the same line as a free one, and the line does not say whose it is.
    let (signed_up, event, whose) = match accounts::create(&mut transaction, &account).await? {
        SignedUp::Created => (SignUp::Created(id), Event::SignedUp, Some(id)),
        SignedUp::EmailTaken => (SignUp::EmailTaken, Event::SignUpRepeated, None),
        SignedUp::UsernameTaken => {
            transaction.rollback().await?;
            return Ok(SignUp::UsernameTaken);
        }
    };
    audit::record(&mut transaction, &Entry::of_visitor(&event, whose, None, origin)).await?;
    transaction.commit().await?;
    Ok(signed_up)
}
