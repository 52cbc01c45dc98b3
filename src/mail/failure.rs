//! Classification of failed deliveries.

use std::fmt;

use lettre::transport::smtp::Error;
use strum::Display;

use crate::types::certificate_fault;

/// The stage of an SMTP conversation.
#[derive(Clone, Copy, Debug, Display, Eq, PartialEq)]
#[strum(serialize_all = "lowercase")]
pub enum Stage {
    /// TCP connection, greeting and `EHLO`.
    Connect,
    /// `STARTTLS`.
    StartTls,
    /// `AUTH`.
    Auth,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The message. A server that stops responding after it may have accepted it.
    Message,
}

/// What a failed delivery means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The server accepts nothing now: every email would fail.
    Server(Reason),
    /// The server did not accept this email this time.
    Email(Reason),
    /// The server will never accept this email: its recipient does not exist.
    Recipient(Reason),
}

/// Where it failed, without personal data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// The stage that failed.
    pub stage: Stage,
    /// The SMTP reply code.
    pub code: Option<u16>,
    /// A local error. The server's text is omitted, because it may contain the address.
    pub cause: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stage)?;
        if let Some(code) = self.code {
            write!(f, " {code}")?;
        }
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl Failure {
    /// Where it failed.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Server(reason) | Self::Email(reason) | Self::Recipient(reason) => reason,
        }
    }

    /// The server did not respond in time.
    pub(super) fn silence(stage: Stage) -> Self {
        Self::without_an_answer(stage, "no answer in time".to_owned())
    }

    pub(super) fn without_an_answer(stage: Stage, cause: String) -> Self {
        let reason = Reason { stage, code: None, cause: Some(cause) };
        // Retrying after the message was sent could deliver it again.
        if stage == Stage::Message { Self::Email(reason) } else { Self::Server(reason) }
    }

    /// The server refuses everyone now.
    pub(super) fn refused(stage: Stage, code: u16) -> Self {
        Self::Server(Reason { stage, code: Some(code), cause: None })
    }

    /// Classifies an error of one stage.
    pub(super) fn of(stage: Stage, error: &Error) -> Self {
        let Some(code) = error.status().map(u16::from) else {
            let text = error.to_string();
            return Self::without_an_answer(stage, certificate_fault(&text).map_or(text, ToOwned::to_owned));
        };
        let reason = Reason { stage, code: Some(code), cause: None };
        match stage {
            // 421: the server is closing the connection.
            _ if code == 421 => Self::Server(reason),
            Stage::Recipient | Stage::Message if is_final(code, &answer(error)) => Self::Recipient(reason),
            Stage::Recipient | Stage::Data | Stage::Message => Self::Email(reason),
            Stage::Connect | Stage::StartTls | Stage::Auth | Stage::Sender => Self::Server(reason),
        }
    }
}

/// The text of the server's reply.
fn answer(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Returns whether a reply says that the recipient cannot receive mail from anyone. `5.7.…` (RFC 3463: policy, such as
/// denied relaying) concerns the sender and can be fixed.
fn is_final(code: u16, answer: &str) -> bool {
    matches!(code, 550..=553 | 555 | 556) && !answer.trim_start().starts_with("5.7.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recipient_who_does_not_exist_is_given_up() {
        for (code, answer) in [(550, "5.1.1 no such user"), (550, "no such user"), (552, "5.2.2 full"), (556, "")] {
            assert!(is_final(code, answer), "{code} {answer}");
        }
        for (code, answer) in
            [(550, "5.7.1 relaying denied"), (554, "5.7.1 no"), (554, "no"), (451, "later"), (535, "")]
        {
            assert!(!is_final(code, answer), "{code} {answer}");
        }
    }

    #[test]
    fn a_timeout_is_the_servers_until_the_message_was_sent() {
        for stage in [Stage::Connect, Stage::Auth, Stage::Sender, Stage::Recipient, Stage::Data] {
            assert!(matches!(Failure::silence(stage), Failure::Server(_)), "{stage:?}");
        }
        assert!(matches!(Failure::silence(Stage::Message), Failure::Email(_)));
    }
}
