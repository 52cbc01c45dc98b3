//! Letters: what is mailed, to whom, and when it goes.
//!
//! 1. A use case writes a [`NewLetter`] with [`outbox::enqueue`] in the same transaction as the fact
//!    that the letter tells of. The row holds no secret and no finished text.
//! 2. The job takes letters that are due, lets the letter's slice compose each one (which makes the
//!    link that it carries), and sends it.
//! 3. A letter that was handed over is deleted; one that could not be is tried again later, and
//!    given up when it has expired.

mod letter;
mod mailer;
pub mod outbox;

pub use letter::{Kind, Letter, NewLetter};
pub use mailer::Mailer;
