//! The form that requests another address.

use super::pages::EmailProblem;
use crate::types::Email;

/// Reads an address that is not another spelling of the account's.
pub fn parse(typed: &str, present: &str) -> Result<Email, EmailProblem> {
    let email = Email::parse(typed).map_err(EmailProblem::Email)?;
    let same = Email::parse(present).is_ok_and(|present| present.canonical() == email.canonical());
    if same { Err(EmailProblem::Same) } else { Ok(email) }
}
