//! Letters that somebody asked for. What they say depends on what is true when they are sent, which the
//! one who asked must not learn.

use sqlx::PgConnection;

use super::{
    Composed, Words,
    pages::{AddressInUse, AddressTaken, ChangeEmail, Recover, VerifyEmail},
};
use crate::{
    accounts::{
        self, User,
        links::{self, Purpose},
    },
    audit::{self, Entry, Event},
    mail::Kind,
    types::Email,
    web::{AppError, paths},
};

/// Words a letter that was asked for; nothing when there is nothing to say.
pub async fn compose(words: &Words<'_>, connection: &mut PgConnection, person: User) -> Result<Composed, AppError> {
    if words.letter.kind == Kind::ChangeEmail {
        return change(words, connection, person).await;
    }
    let owner = match person.email_verified_at {
        None => owner_of(connection, &person.email).await?,
        Some(_) => None,
    };
    let person = match owner {
        // They confirmed the address since `person` was read.
        Some(owner) if owner.id == person.id => owner,
        Some(owner) => return taken(words, connection, person, owner).await,
        None => person,
    };
    match words.letter.kind {
        Kind::SignUp | Kind::Verify if person.email_verified_at.is_none() => verify(words, connection, person).await,
        // Who cannot sign in because the account is going, is told how to keep it.
        Kind::Recover if person.deletion_due_at.is_some() => words.deletion(connection, person).await,
        Kind::Recover => recover(words, connection, person).await,
        _ => Ok(Composed::Nothing),
    }
}

/// Whose this address was shown to be.
async fn owner_of(connection: &mut PgConnection, address: &str) -> sqlx::Result<Option<User>> {
    match Email::parse(address) {
        Ok(email) => accounts::find_owner(connection, email.canonical()).await,
        Err(_) => Ok(None),
    }
}

async fn verify(words: &Words<'_>, connection: &mut PgConnection, person: User) -> Result<Composed, AppError> {
    let link = words.link_with(connection, Purpose::Verify, &person, &person.email).await?;
    let hours = Purpose::Verify.lifetime().as_secs() / 3600;
    words.of(&person.email, &VerifyEmail { username: person.username, link, hours })
}

/// To the owner of an address that somebody else claims. The claim is never theirs to confirm, so it
/// gets no link.
async fn taken(
    words: &Words<'_>,
    connection: &mut PgConnection,
    claim: User,
    owner: User,
) -> Result<Composed, AppError> {
    // What the claimant can read of their own links and events is the same for every address: the link is
    // made, and nobody gets it.
    match words.letter.kind {
        Kind::Recover => recover_link(words, connection, &claim).await?,
        _ => words.link_with(connection, Purpose::Verify, &claim, &claim.email).await?,
    };
    if owner.disabled_at.is_some() {
        return Ok(Composed::Nothing);
    }
    if words.letter.attempts == 1 {
        audit::record(connection, &Entry::of_service(&Event::SignUpRepeated, Some(owner.id))).await?;
    }
    let words = Words { lang: owner.lang_or(words.letter.lang), ..*words };
    let (sign_in_link, recover_link) = (words.link(paths::LOGIN), words.link(paths::RECOVER));
    words.of(&owner.email, &AddressTaken { username: owner.username, sign_in_link, recover_link })
}

async fn recover(words: &Words<'_>, connection: &mut PgConnection, person: User) -> Result<Composed, AppError> {
    let link = recover_link(words, connection, &person).await?;
    let minutes = Purpose::Recover.lifetime().as_secs() / 60;
    words.of(&person.email, &Recover { username: person.username, link, minutes })
}

async fn recover_link(words: &Words<'_>, connection: &mut PgConnection, person: &User) -> sqlx::Result<String> {
    let link = words.link_with(connection, Purpose::Recover, person, &person.email).await?;
    audit::record(connection, &Entry::of_service(&Event::RecoveryMailed, Some(person.id))).await?;
    Ok(link)
}

/// To the new address, or, when that is somebody's, to them. The trail says nothing of it: whoever asked
/// reads theirs, and must not learn which of the two it was.
async fn change(words: &Words<'_>, connection: &mut PgConnection, person: User) -> Result<Composed, AppError> {
    let new = &words.letter.address;
    // Another address was asked for since, or the account was taken back from whoever asked.
    if !links::is_wanted(connection, person.id, Purpose::ChangeEmail, new).await? {
        return Ok(Composed::Nothing);
    }
    // Made either way, because who asked can download the list of their links; one of them has a reader.
    let link = words.link_with(connection, Purpose::ChangeEmail, &person, new).await?;
    if let Some(owner) = owner_of(connection, new).await?.filter(|owner| owner.id != person.id) {
        let words = Words { lang: owner.lang_or(words.letter.lang), ..*words };
        return words.of(&owner.email, &AddressInUse {});
    }
    let hours = Purpose::ChangeEmail.lifetime().as_secs() / 3600;
    words.of(new, &ChangeEmail { username: person.username, link, hours })
}
