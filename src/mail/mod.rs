//! Email: the outbox, delivery and the development mailbox.
//!
//! 1. A use case queues a [`NewEmail`] with [`outbox::enqueue`], in the transaction of the event it reports. The row
//!    contains no secret and no rendered text.
//! 2. The mail job claims due emails, renders each (which issues the link in it) and sends it. No transaction is open
//!    meanwhile.
//! 3. A sent email is deleted; a failed one is retried until it expires.
//!
//! So a crash loses no email. An email is sent twice only if the process dies between the server's final reply and the
//! deletion of the row; both copies then have the same `Message-ID`.

pub mod dev_mailbox;
mod email;
mod failure;
mod mailer;
mod mime;
pub mod outbox;
mod smtp;

pub use email::{Kind, NewEmail, QueuedEmail, RenderedEmail, requested_from};
pub use failure::{Failure, Reason, Stage};
pub use mailer::{MailWaker, Mailer, MailerError, NotSent, WAITING_MAX};
pub use smtp::Timeouts;
