//! The use case: an attempt to sign in, from start to commit.

use std::{net::IpAddr, time::Duration};

use sqlx::PgConnection;

use super::forms::LoginForm;
use crate::{
    accounts::{self, Login},
    audit::{self, Entry, Event},
    authn::{
        Aal, Method,
        attempts::{self, Key, Success, Taken},
        hasher::{HasherError, Place},
        known_browsers,
        password_hash::Verdict,
        sessions::{self, LiveSession, NewSession},
    },
    state::AppState,
    types::{PlainPassword, SecretToken, SessionId, UserId},
    web::AppError,
};

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: &'a str,
    /// The cookie by which accounts know the browser.
    pub browser: Option<&'a SecretToken>,
}

impl<'a> Origin<'a> {
    fn in_the_trail(&self) -> audit::Origin<'a> {
        audit::Origin { address: self.address, user_agent: self.user_agent }
    }
}

/// What the password showed.
#[must_use]
#[derive(Debug)]
pub enum Attempt {
    /// The person knows the password of this account.
    Proven(Proof),
    /// They do not, or there is no such account, or it is closed.
    Refused,
    /// Too many tries; this one was not looked at.
    SlowDown {
        /// When the next one may come.
        retry_after: Duration,
    },
    /// Too many passwords are waiting; this one was not looked at.
    Busy,
}

/// A proven password, not yet a session.
#[derive(Debug)]
pub struct Proof {
    /// Whose it is.
    pub user_id: UserId,
    success: Success,
    upgrade: Option<(String, String)>,
}

/// Judges an attempt. Whatever the answer, the try was counted in the database before.
pub async fn attempt(state: &AppState, form: &LoginForm, origin: Origin<'_>) -> Result<Attempt, AppError> {
    // No account can have such a password, so nothing is looked up, hashed or counted.
    let Some(password) = form.password.clone() else { return Ok(Attempt::Refused) };
    let place = match state.hasher.reserve(Key::network(origin.address)) {
        Ok(place) => place,
        Err(HasherError::Busy) => return Ok(Attempt::Busy),
        Err(error) => return Err(error.into()),
    };
    let mut connection = state.db.acquire().await?;
    let browser = origin.browser.map(SecretToken::digest);
    let login = accounts::find_login(&mut connection, &form.identifier, browser.as_ref()).await?;
    let account =
        login.as_ref().map_or_else(|| Key::name(form.identifier.as_str()), |login| Key::account(login.user_id));
    let (subject, limit) = match (&login, &browser) {
        (Some(login), Some(browser)) if login.known_browser => {
            (Key::browser(login.user_id, browser), attempts::KNOWN_BROWSER)
        }
        _ => (account, attempts::ACCOUNT),
    };
    let network = (Key::network(origin.address), attempts::NETWORK);
    if let Taken::No { retry_after } = attempts::take(&mut connection, network, (subject, limit)).await? {
        return Ok(Attempt::SlowDown { retry_after });
    }
    // Others may use the connection while this password is hashed.
    drop(connection);
    let (verdict, upgrade) = compare(place, password, login.as_ref()).await?;
    match login {
        Some(login) if verdict != Verdict::Wrong && !login.disabled => Ok(Attempt::Proven(Proof {
            user_id: login.user_id,
            success: Success { network, subject, account },
            upgrade,
        })),
        login => {
            // One line for every kind of account and for none: whoever measures time learns nothing from it.
            let whose = login.map(|login| login.user_id);
            let entry = Entry::of_visitor(&Event::SignInFailed, whose, None, origin.in_the_trail());
            audit::record(&mut *state.db.acquire().await?, &entry).await?;
            Ok(Attempt::Refused)
        }
    }
}

/// Compares, and hashes anew what was hashed at another cost: the old hash and the new.
async fn compare(
    place: Place,
    password: PlainPassword,
    login: Option<&Login>,
) -> Result<(Verdict, Option<(String, String)>), AppError> {
    let stored = login.and_then(|login| login.password_hash.as_deref());
    let (verdict, place) = place.verify(password.clone(), stored).await?;
    let closed = login.is_none_or(|login| login.disabled);
    match (verdict, stored) {
        (Verdict::RightButDated, Some(old)) if !closed => {
            let new = place.hash(password).await?;
            Ok((verdict, Some((old.to_owned(), new))))
        }
        _ => Ok((verdict, None)),
    }
}

/// Opens the session of a proven attempt, in one transaction with everything that goes with it.
pub async fn open_session(
    state: &AppState,
    proof: &Proof,
    store_id: &str,
    remembered: bool,
    origin: Origin<'_>,
    replaces: Option<&LiveSession>,
) -> Result<SessionId, AppError> {
    let id = SessionId::new(state.entropy);
    let session = NewSession {
        id,
        user_id: proof.user_id,
        store_id,
        methods: &[Method::Password],
        aal: Aal::One,
        address: origin.address,
        user_agent: origin.user_agent,
        remembered,
    };
    let mut transaction = state.db.begin().await?;
    sessions::create(&mut transaction, &session, &state.config.lifetimes).await?;
    if let Some(replaced) = replaces
        && sessions::revoke(&mut transaction, replaced.id).await?
    {
        // Of the account that it belonged to, which may be another.
        let ended = Event::SessionEnded { ended: replaced.id };
        let session = Some(replaced.id);
        let entry = Entry::of_visitor(&ended, Some(replaced.user_id), session, origin.in_the_trail());
        audit::record(&mut transaction, &entry).await?;
    }
    let amr = session.methods.iter().map(|method| method.amr().to_owned()).collect();
    let event = Event::SignedIn { amr };
    let entry = Entry::of_visitor(&event, Some(proof.user_id), Some(id), origin.in_the_trail());
    audit::record(&mut transaction, &entry).await?;
    settle(&mut transaction, proof, origin).await?;
    transaction.commit().await?;
    Ok(id)
}

async fn settle(connection: &mut PgConnection, proof: &Proof, origin: Origin<'_>) -> Result<(), AppError> {
    if let Some((old, new)) = &proof.upgrade {
        accounts::upgrade_password_hash(connection, proof.user_id, old, new).await?;
    }
    if let Some(browser) = origin.browser {
        known_browsers::remember(connection, proof.user_id, &browser.digest()).await?;
    }
    // Last, because every sign-in from one network meets in that network's row.
    attempts::give_back(connection, &proof.success).await?;
    Ok(())
}
