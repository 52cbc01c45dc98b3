//! How a mail server replies to `EHLO`.

/// A kind of reply to `EHLO`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dialect {
    #[default]
    Usual,
    /// Supports `HELO` only.
    Old(&'static str),
    /// Keywords in lower case.
    Lower,
    /// `AUTH=`, as before the standard.
    EqualSign,
}

impl Dialect {
    /// The whole reply, without its final line break.
    pub fn capabilities(self, offers_tls: bool, offers_auth: bool) -> String {
        if let Self::Old(answer) = self {
            return answer.to_owned();
        }
        let mut lines = vec!["mail.test"];
        lines.extend(offers_tls.then_some("STARTTLS"));
        lines.extend(offers_auth.then_some(if self == Self::EqualSign {
            "AUTH=LOGIN PLAIN"
        } else {
            "AUTH PLAIN LOGIN"
        }));
        lines.push("8BITMIME");
        let last = lines.len() - 1;
        let numbered =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", if at == last { " " } else { "-" }));
        let reply = numbered.collect::<Vec<_>>().join("\r\n");
        if self == Self::Lower { reply.to_lowercase() } else { reply }
    }
}
