//! The form that requests the link again.

use crate::{
    sessions::LiveSession,
    types::{Email, EmailError, UserId},
    web::Fields,
};

/// Reads the form: the account and address of the user who is signed in, or the address that was typed.
pub fn parse(form: &Fields, unverified: Option<&LiveSession>) -> Result<(Option<UserId>, String), EmailError> {
    match unverified {
        Some(session) => Ok((Some(session.user_id), session.email.clone())),
        None => Email::parse(form.get("email")).map(|email| (None, email.as_str().to_owned())),
    }
}
