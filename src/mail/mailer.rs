//! Who hands letters over: a mail server, or the mailbox of a development machine.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use lettre::{Address, message::Mailbox};
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{
    Failure, Letter, Parcel,
    mime::{self, Envelope},
    smtp::{Smtp, Timeouts},
};
use crate::config::{Mail, PublicUrl};

/// The most letters that may wait. Beyond, what would write another one is answered with 503, to
/// everybody alike.
pub const WAITING_MAX: u64 = 10_000;

/// Hands letters over, and knows how many wait.
pub struct Mailer {
    server: Option<Server>,
    host: String,
    wake: Notify,
    waiting: AtomicU64,
}

struct Server {
    smtp: Smtp,
    from: Mailbox,
    to_operators: String,
}

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error)]
#[error("TLS to the mail server cannot be set up: {0}")]
pub struct MailerError(#[from] lettre::transport::smtp::Error);

/// Why one letter was not handed over.
#[derive(Debug)]
pub enum NotSent {
    /// It cannot be put into the form of mail, now or later.
    Unwritable(&'static str),
    /// The mail server did not take it.
    Failed(Failure),
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({})", self.destination())
    }
}

impl Mailer {
    /// Prepares; connects to nobody.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: &Mail, public_url: &PublicUrl) -> Result<Self, MailerError> {
        let server = match (&settings.server, &settings.from) {
            (Some(server), Some(from)) => Some(Server {
                to_operators: format!("{}:{}", server.host, server.port),
                smtp: Smtp::new(server.clone(), public_url)?,
                from: from.clone(),
            }),
            // Settings without one of the two are those of a development machine.
            _ => None,
        };
        Ok(Self { server, host: public_url.host().to_owned(), wake: Notify::new(), waiting: AtomicU64::new(0) })
    }

    /// Whether letters stay here, to be read at `/dev/mail`.
    #[must_use]
    pub fn keeps_letters_here(&self) -> bool {
        self.server.is_none()
    }

    /// Where letters go, in words for operators.
    #[must_use]
    pub fn destination(&self) -> &str {
        self.server.as_ref().map_or("the mailbox at /dev/mail", |server| &server.to_operators)
    }

    /// Says that a letter was written, so that it goes at once and not with the next look. After the
    /// commit, or the look comes too early.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Resolves when somebody called [`Mailer::wake`] since the last time.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Whether so many letters wait that no more may be written. At most a second old.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= WAITING_MAX
    }

    /// Notes how many letters wait.
    pub fn note_waiting(&self, waiting: u64) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Hands a letter to the mail server.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn send(
        &self,
        letter: &Letter,
        parcel: &Parcel,
        at: OffsetDateTime,
        within: &Timeouts,
    ) -> Result<(), NotSent> {
        let Some(server) = &self.server else { return Err(NotSent::Unwritable("no mail server")) };
        let to: Address = parcel.to.parse().map_err(|_| NotSent::Unwritable("no address"))?;
        let address: &str = to.as_ref();
        if !address.is_ascii() {
            return Err(NotSent::Unwritable("not in ASCII"));
        }
        let envelope = Envelope { from: &server.from, to: &to, id: letter.id, host: &self.host, at };
        let written = mime::write(&envelope, &parcel.message).map_err(|_| NotSent::Unwritable("no MIME"))?;
        server.smtp.send(&server.from.email, &to, &written, within).await.map_err(NotSent::Failed)
    }

    /// Connects, says who we are, and leaves: whether the settings work.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn check(&self, within: &Timeouts) -> Result<(), Failure> {
        match &self.server {
            Some(server) => server.smtp.greet(within).await,
            None => Ok(()),
        }
    }

    /// Closes connections to the mail server that nobody used for a while, or all of them.
    pub async fn let_go(&self, all: bool) {
        if let Some(server) = &self.server {
            server.smtp.let_go(all).await;
        }
    }
}
