//! The mailer: sends over SMTP, or to the development mailbox.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use lettre::{Address, message::Mailbox};
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{
    Failure, QueuedEmail, RenderedEmail,
    mime::{self, Envelope},
    smtp::{Smtp, Timeouts},
};
use crate::config::{Mail, PublicUrl};

/// Maximum number of queued emails. Beyond it, requests that would queue another get 503, whether or not they actually
/// would.
pub const WAITING_MAX: u64 = 10_000;

/// Sends emails, and tracks how many are queued.
#[derive(derive_more::Debug)]
#[debug("Mailer({})", self.destination())]
pub struct Mailer {
    server: Option<Server>,
    host: String,
    waker: MailWaker,
    waiting: AtomicU64,
}

/// Wakes the mail job, so that an email is sent at once instead of at the next poll. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct MailWaker(Arc<Notify>);

impl MailWaker {
    /// Wakes the mail job. Call after the commit; otherwise the job polls too early.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

struct Server {
    smtp: Smtp,
    from: Mailbox,
    destination: String,
}

/// Why the mailer cannot be created.
#[derive(Debug, thiserror::Error)]
#[error("TLS to the mail server cannot be set up: {0}")]
pub struct MailerError(#[from] lettre::transport::smtp::Error);

/// Why one email was not sent.
#[derive(Debug)]
pub enum NotSent {
    /// It can never be formatted as a message.
    Unwritable(&'static str),
    /// Delivery failed.
    Failed(Failure),
}

impl Mailer {
    /// Creates the mailer, without connecting.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(settings: &Mail, public_url: &PublicUrl) -> Result<Self, MailerError> {
        let server = match (&settings.server, &settings.from) {
            (Some(server), Some(from)) => Some(Server {
                destination: format!("{}:{}", server.host, server.port),
                smtp: Smtp::new(server.clone(), public_url)?,
                from: from.clone(),
            }),
            // Without both settings, this is a development machine.
            _ => None,
        };
        Ok(Self { server, host: public_url.host().to_owned(), waker: MailWaker::default(), waiting: AtomicU64::new(0) })
    }

    /// Returns whether emails go to the mailbox at `/dev/mail`.
    pub fn keeps_email_here(&self) -> bool {
        self.server.is_none()
    }

    /// The destination of emails, for operators.
    pub fn destination(&self) -> &str {
        self.server.as_ref().map_or("the mailbox at /dev/mail", |server| &server.destination)
    }

    /// Wakes the mail job.
    pub fn waker(&self) -> &MailWaker {
        &self.waker
    }

    /// Waits until the mail job is woken.
    pub async fn woken(&self) {
        self.waker.0.notified().await;
    }

    /// Returns whether the outbox is full. At most a second old.
    pub fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= WAITING_MAX
    }

    /// Stores the number of queued emails.
    pub fn note_waiting(&self, waiting: u64) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Sends an email to the mail server.
    ///
    /// # Errors
    /// If it was not accepted.
    pub async fn send(
        &self,
        queued: &QueuedEmail,
        email: &RenderedEmail,
        at: OffsetDateTime,
        within: &Timeouts,
    ) -> Result<(), NotSent> {
        let Some(server) = &self.server else { return Err(NotSent::Unwritable("no mail server")) };
        let (to, written) = self.write(server, queued, email, at)?;
        server.smtp.send(&server.from.email, &to, &written, within).await.map_err(NotSent::Failed)
    }

    /// Formats an email and connects to the mail server as for sending it, but sends nothing.
    pub async fn rehearse(&self, queued: &QueuedEmail, email: &RenderedEmail, at: OffsetDateTime, within: &Timeouts) {
        let Some(server) = &self.server else { return };
        if self.write(server, queued, email, at).is_ok() {
            server.smtp.rehearse(&server.from.email, within).await;
        }
    }

    fn write(
        &self,
        server: &Server,
        queued: &QueuedEmail,
        email: &RenderedEmail,
        at: OffsetDateTime,
    ) -> Result<(Address, Vec<u8>), NotSent> {
        let to: Address = email.to.parse().map_err(|_| NotSent::Unwritable("no address"))?;
        let address: &str = to.as_ref();
        if !address.is_ascii() {
            return Err(NotSent::Unwritable("not in ASCII"));
        }
        let envelope = Envelope { from: &server.from, to: &to, id: queued.id, host: &self.host, at };
        let written = mime::write(&envelope, &email.message).map_err(|_| NotSent::Unwritable("no MIME"))?;
        Ok((to, written))
    }

    /// Connects, authenticates and quits, to check the settings.
    ///
    /// # Errors
    /// If a step fails.
    pub async fn check(&self, within: &Timeouts) -> Result<(), Failure> {
        match &self.server {
            Some(server) => server.smtp.greet(within).await,
            None => Ok(()),
        }
    }

    /// Closes idle connections to the mail server, or all.
    pub async fn let_go(&self, all: bool) {
        if let Some(server) = &self.server {
            server.smtp.let_go(all).await;
        }
    }
}
