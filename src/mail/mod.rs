//! Letters: what is mailed, to whom, and when it goes.
//!
//! 1. A use case writes a [`NewLetter`] with [`outbox::enqueue`] in the same transaction as the fact
//!    that the letter tells of. The row holds no secret and no finished text.
//! 2. The job takes letters that are due, lets the letter's slice compose each one (which makes the
//!    link that it carries), and sends it. No transaction is open while a mail server talks.
//! 3. A letter that was handed over is deleted; one that could not be is tried again later, and
//!    given up when it has expired.
//!
//! So a letter is never lost, and comes twice only when we die between the server's last answer and
//! the deletion of the row. Both then carry the same `Message-ID`.

pub mod dev_mailbox;
mod failure;
mod letter;
mod mailer;
mod mime;
pub mod outbox;
mod smtp;

pub use failure::{Failure, Reason, Stage};
pub use letter::{Kind, Letter, NewLetter, Parcel, asked_from};
pub use mailer::{Mailer, MailerError, NotSent, WAITING_MAX};
pub use smtp::Timeouts;
