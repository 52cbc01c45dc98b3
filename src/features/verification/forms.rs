//! The forms of the waiting page.

use super::pages::WaitingProblem;
use crate::{
    accounts::Unverified,
    types::{Email, EmailError, UserId},
    web::Fields,
};

/// Reads the form that requests the link again: for the account that this visitor holds, or the address that was typed.
pub fn parse(form: &Fields, held: Option<&Unverified>) -> Result<(Option<UserId>, String), EmailError> {
    match held {
        Some(held) => Ok((Some(held.id), held.email.clone())),
        None => Email::parse(form.get("email")).map(|email| (None, email.as_str().to_owned())),
    }
}

/// Reads the form that corrects the address.
pub fn parse_correction(form: &Fields, held: &Unverified) -> Result<Email, WaitingProblem> {
    let email = Email::parse(form.get("new_email")).map_err(WaitingProblem::Email)?;
    // Another spelling may be what another mailbox wants.
    if email.as_str() == held.email { Err(WaitingProblem::Same) } else { Ok(email) }
}
