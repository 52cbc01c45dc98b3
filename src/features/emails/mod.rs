//! What letters say.
//!
//! The job asks for the words of a letter right before it is sent: only then is it certain whom it
//! concerns, and only then is the link made that it carries. So a row that waits opens nothing.

pub mod pages;
mod requested;

use serde_json::Value;
use sqlx::PgConnection;

use self::pages::{
    Change, DeletionScheduled, EmailChanged, Erased, FactorsChanged, PasswordChanged, SecondFactorFailed,
    SignInAfterFailures,
};
use crate::{
    accounts::{
        self, Identifier, User,
        links::{self, Purpose},
    },
    limits::{self, Key, Taken},
    mail::{Kind, Letter},
    sessions::known_browsers,
    state::AppState,
    templates::{Mail, Message},
    types::{Email, Lang},
    web::{AppError, paths},
};

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
    if letter.kind == Kind::Erased {
        // All that is known of the account is what the letter says; its address may be another's by now.
        let (words, username) = (Words { state, letter, lang: letter.lang }, text(letter, "username").to_owned());
        return words.of(&letter.address, &Erased { username });
    }
    let person = whom(connection, letter).await?;
    let lang = person.as_ref().map_or(letter.lang, |person| person.lang_or(letter.lang));
    let words = Words { state, letter, lang };
    let Some(person) = person else { return Ok(Composed::Nothing) };
    // To an address that was never shown to be theirs nobody mails at will, whatever the reason.
    let at_will = asked_for(letter) || person.email_verified_at.is_none();
    if at_will && !may_send(connection, letter, &person).await? {
        return Ok(Composed::Nothing);
    }
    match letter.kind {
        Kind::SignUp | Kind::Verify | Kind::Recover | Kind::ChangeEmail => {
            requested::compose(&words, connection, person).await
        }
        Kind::PasswordChanged => {
            let recover_link = words.link(paths::RECOVER);
            words.of(&letter.address, &PasswordChanged { username: person.username, recover_link })
        }
        Kind::SignInAfterFailures => {
            let failures = letter.detail.get("failures").and_then(Value::as_u64).unwrap_or(1);
            let password_link = words.link(paths::ACCOUNT_PASSWORD);
            words.of(&letter.address, &SignInAfterFailures { username: person.username, failures, password_link })
        }
        Kind::FactorsChanged => {
            let Some(change) = Change::from_code(text(letter, "change")) else { return Ok(Composed::Nothing) };
            let left = letter.detail.get("left").and_then(Value::as_u64).unwrap_or_default();
            let factors_link = words.link(paths::ACCOUNT_FACTORS);
            words.of(&letter.address, &FactorsChanged { username: person.username, change, left, factors_link })
        }
        Kind::SecondFactorFailed => {
            let password_link = words.link(paths::ACCOUNT_PASSWORD);
            words.of(&letter.address, &SecondFactorFailed { username: person.username, password_link })
        }
        Kind::EmailChanged => {
            let undo_link = words.link_with(connection, Purpose::UndoEmail, &person, &letter.address).await?;
            let days = Purpose::UndoEmail.lifetime().as_secs() / 86_400;
            words.of(&letter.address, &EmailChanged { username: person.username, undo_link, days })
        }
        Kind::DeletionScheduled => words.deletion(connection, person).await,
        Kind::Erased => Ok(Composed::Nothing),
    }
}

/// Whom a letter concerns: the account it names, or whoever is called what was typed.
async fn whom(connection: &mut PgConnection, letter: &Letter) -> sqlx::Result<Option<User>> {
    let found = match letter.user_id {
        Some(id) => accounts::find(connection, id).await?,
        None => accounts::find_by_identifier(connection, &Identifier::parse(&letter.address)).await?,
    };
    Ok(found.filter(|person| person.disabled_at.is_none()))
}

/// Whether strangers can cause letters of this kind.
fn asked_for(letter: &Letter) -> bool {
    let reminds = letter.detail.get("reminder").is_some();
    reminds || matches!(letter.kind, Kind::SignUp | Kind::Verify | Kind::Recover | Kind::ChangeEmail)
}

/// Takes one from the letters that may go to a mailbox, the first time a letter is tried. A browser
/// that the account knows has its own, so that strangers who ask for many keep the owner from none.
async fn may_send(connection: &mut PgConnection, letter: &Letter, person: &User) -> sqlx::Result<bool> {
    // Strangers who used the mailbox's letters up must not keep the operator from helping.
    if letter.attempts > 1 || text(letter, "by") == "operator" {
        return Ok(true);
    }
    let kind = letter.kind.code();
    if letter.kind == Kind::ChangeEmail {
        // The mailbox is whose the account's owner says. One who signs in from ever new browsers, or to several
        // accounts, must not mail it at will.
        let Ok(to) = Email::parse(&letter.address) else { return Ok(false) };
        let own = Key::letters_for_account(kind, to.canonical(), person.id);
        return Ok(limits::take_one(connection, own, limits::LETTERS).await? == Taken::Yes
            && limits::take_one(connection, Key::letters(kind, to.canonical()), limits::LETTERS_TO_STRANGERS).await?
                == Taken::Yes);
    }
    let Ok(to) = Email::parse(&person.email) else { return Ok(false) };
    let key = match letter.asked_from() {
        // A claim knows whoever made it.
        Some(browser)
            if person.email_verified_at.is_some() && known_browsers::knows(connection, person.id, &browser).await? =>
        {
            Key::letters_for_browser(kind, to.canonical(), &browser)
        }
        _ => Key::letters(kind, to.canonical()),
    };
    Ok(limits::take_one(connection, key, limits::LETTERS).await? == Taken::Yes)
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

    /// A link with a fresh secret, which speaks for the address that it is mailed to.
    async fn link_with(
        &self,
        connection: &mut PgConnection,
        purpose: Purpose,
        person: &User,
        address: &str,
    ) -> sqlx::Result<String> {
        let secret = links::issue(connection, self.state.entropy, purpose, person.id, address).await?;
        let path = match purpose {
            Purpose::Verify => paths::VERIFY,
            Purpose::Recover => paths::RECOVER_RESET,
            Purpose::ChangeEmail => paths::ACCOUNT_EMAIL_CONFIRM,
            Purpose::UndoEmail => paths::ACCOUNT_EMAIL_UNDO,
            Purpose::UndoDeletion => paths::ACCOUNT_DELETE_UNDO,
        };
        Ok(format!("{}?token={}", self.link(path), secret.reveal()))
    }

    /// When the account is erased, and how to keep it.
    async fn deletion(&self, connection: &mut PgConnection, person: User) -> Result<Composed, AppError> {
        let Some(due) = person.deletion_due_at else { return Ok(Composed::Nothing) };
        let undo_link = self.link_with(connection, Purpose::UndoDeletion, &person, &person.email).await?;
        let date = due.date().to_string();
        self.of(&person.email, &DeletionScheduled { username: person.username, date, undo_link })
    }

    fn of(&self, to: &str, mail: &impl Mail) -> Result<Composed, AppError> {
        let message = self.state.templates.mail(self.lang, &self.state.config.site.name, mail)?;
        Ok(Composed::Message { to: to.to_owned(), lang: self.lang, message })
    }
}

fn text<'a>(letter: &'a Letter, name: &str) -> &'a str {
    letter.detail.get(name).and_then(Value::as_str).unwrap_or_default()
}
