//! What letters say.
//!
//! The job asks for the words of a letter right before it is sent: only then is it certain whom it
//! concerns, and only then is the link made that it carries. So a row that waits opens nothing.

pub mod pages;

use serde_json::Value;
use sqlx::PgConnection;

use self::pages::{Erased, PasswordChanged, SignInAfterFailures};
use crate::{
    accounts,
    mail::{Kind, Letter},
    state::AppState,
    templates::{Mail, Message},
    types::Lang,
    web::AppError,
};

/// Where a new password is set by somebody who cannot sign in.
const RECOVER: &str = "/recover";
/// Where a password is changed.
const PASSWORD: &str = "/account/password";

/// What is to be sent.
#[derive(Debug)]
pub enum Composed {
    /// These words, to this address.
    Message {
        /// The address.
        to: String,
        /// The language of the words.
        lang: Lang,
        /// The words.
        message: Message,
    },
    /// Nothing any more: there is nobody whom it concerns.
    Nothing,
}

/// Words a letter, in the transaction in which its link is made.
pub async fn compose(state: &AppState, connection: &mut PgConnection, letter: &Letter) -> Result<Composed, AppError> {
    let person = match letter.user_id {
        Some(id) => accounts::find_recipient(connection, id).await?,
        None => None,
    };
    let (username, lang) = match person {
        Some(person) => (person.username, person.language.unwrap_or(letter.lang)),
        None => (text(letter, "username").to_owned(), letter.lang),
    };
    if username.is_empty() {
        return Ok(Composed::Nothing);
    }
    let words = Words { state, letter, lang };
    match letter.kind {
        Kind::PasswordChanged => words.of(&PasswordChanged { username, recover_link: words.link(RECOVER) }),
        Kind::SignInAfterFailures => words.of(&SignInAfterFailures {
            username,
            failures: letter.detail.get("failures").and_then(Value::as_u64).unwrap_or(1),
            password_link: words.link(PASSWORD),
        }),
        Kind::Erased => words.of(&Erased { username }),
        // The use cases that write these are yet to come.
        Kind::SignUp
        | Kind::Verify
        | Kind::Recover
        | Kind::ChangeEmail
        | Kind::EmailChanged
        | Kind::DeletionScheduled => Ok(Composed::Nothing),
    }
}

/// What every letter is worded with.
struct Words<'a> {
    state: &'a AppState,
    letter: &'a Letter,
    lang: Lang,
}

impl Words<'_> {
    /// A link to a page of ours: never to where a request claimed to be.
    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.state.config.site.public_url.origin())
    }

    fn of(&self, mail: &impl Mail) -> Result<Composed, AppError> {
        let message = self.state.templates.mail(self.lang, &self.state.config.site.name, mail)?;
        Ok(Composed::Message { to: self.letter.address.clone(), lang: self.lang, message })
    }
}

fn text<'a>(letter: &'a Letter, name: &str) -> &'a str {
    letter.detail.get(name).and_then(Value::as_str).unwrap_or_default()
}
