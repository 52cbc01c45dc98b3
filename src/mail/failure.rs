//! What it means that a letter was not taken.

use std::fmt;

use lettre::transport::smtp::Error;

/// How far a conversation with a mail server came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Connecting, up to its greeting and its answer to ours.
    Connect,
    /// Going over to TLS.
    StartTls,
    /// Saying who we are.
    Auth,
    /// Saying who the letter is from.
    Sender,
    /// Saying whom it is for.
    Recipient,
    /// Asking to begin.
    Data,
    /// The letter itself. Whoever falls silent after it may have taken it.
    Letter,
}

/// What became of a letter that was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The server takes nothing at the moment: every letter would fare alike.
    Server(Reason),
    /// This letter was not taken this time.
    Letter(Reason),
    /// This letter will never be taken: its recipient does not exist.
    Recipient(Reason),
}

/// Where it went wrong, in words that name nobody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// How far it came.
    pub stage: Stage,
    /// What the server answered.
    pub code: Option<u16>,
    /// What our side says about it; a server's words are not repeated, because they may hold the address.
    pub cause: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Connect => "connect",
            Stage::StartTls => "starttls",
            Stage::Auth => "auth",
            Stage::Sender => "sender",
            Stage::Recipient => "recipient",
            Stage::Data => "data",
            Stage::Letter => "letter",
        };
        f.write_str(stage)?;
        if let Some(code) = self.code {
            write!(f, " {code}")?;
        }
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl Failure {
    /// Where it went wrong.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Server(reason) | Self::Letter(reason) | Self::Recipient(reason) => reason,
        }
    }

    /// Nothing was heard in time.
    pub(super) fn silence(stage: Stage) -> Self {
        Self::without_an_answer(stage, "no answer in time".to_owned())
    }

    pub(super) fn without_an_answer(stage: Stage, cause: String) -> Self {
        let reason = Reason { stage, code: None, cause: Some(cause) };
        // Trying this one again soon and often could deliver it as often.
        if stage == Stage::Letter { Self::Letter(reason) } else { Self::Server(reason) }
    }

    /// What an error of one step means.
    pub(super) fn of(stage: Stage, error: &Error) -> Self {
        let Some(code) = error.status().map(u16::from) else {
            return Self::without_an_answer(stage, error.to_string());
        };
        let reason = Reason { stage, code: Some(code), cause: None };
        match stage {
            // 421: the server is closing, whatever was asked.
            _ if code == 421 => Self::Server(reason),
            Stage::Recipient | Stage::Letter if is_final(code, &answer(error)) => Self::Recipient(reason),
            Stage::Recipient | Stage::Data | Stage::Letter => Self::Letter(reason),
            Stage::Connect | Stage::StartTls | Stage::Auth | Stage::Sender => Self::Server(reason),
        }
    }
}

/// What the server said with the code.
fn answer(error: &Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Whether an answer says that this recipient gets no mail, whoever sends it. `5.7.…` (RFC 3463: a
/// matter of policy, such as relaying that is not allowed) is about us, and can be put right.
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
    fn silence_is_the_servers_until_the_letter_was_said() {
        for stage in [Stage::Connect, Stage::Auth, Stage::Sender, Stage::Recipient, Stage::Data] {
            assert!(matches!(Failure::silence(stage), Failure::Server(_)), "{stage:?}");
        }
        assert!(matches!(Failure::silence(Stage::Letter), Failure::Letter(_)));
    }
}
