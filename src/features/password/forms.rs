//! The form with both passwords.

use super::pages::CurrentError;
use crate::{
    accounts::User,
    state::AppState,
    types::PlainPassword,
    web::{Fields, PasswordError, new_password_of},
};

/// The current password and the new one.
#[derive(Debug)]
pub struct Passwords {
    /// As typed; none when no account can have it.
    pub current: Option<PlainPassword>,
    /// As checked.
    pub new: PlainPassword,
}

/// Reads both passwords, or returns what is wrong with each.
pub fn parse(
    state: &AppState,
    user: &User,
    fields: &Fields,
) -> Result<Passwords, (Option<CurrentError>, Option<PasswordError>)> {
    let typed = fields.get("current_password");
    let current = PlainPassword::presented(typed);
    let new = new_password_of(state, user, user.display_name.as_deref(), fields.get("password"));
    let missing = typed.is_empty().then_some(CurrentError::Missing);
    match (missing, new) {
        // Both were typed: comparing them says nothing about the stored one.
        (None, Ok(new)) if current.as_ref().is_some_and(|current| current.as_bytes() == new.as_bytes()) => {
            Err((None, Some(PasswordError::Same)))
        }
        (None, Ok(new)) => Ok(Passwords { current, new }),
        (missing, new) => Err((missing, new.err())),
    }
}
