//! How letters leave: over a mail server, or not at all on a developer's machine.

use std::{fmt, fs, net::IpAddr};

use lettre::{message::Mailbox, transport::smtp::client::Certificate};
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::ZeroizeOnDrop;

use super::{Environment, PublicUrl};

const URL: &str = "VESTIBULE_MAIL_URL";
const FROM: &str = "VESTIBULE_MAIL_FROM";

const WANTED: &str = "wanted smtps://user:password@smtp.example.com, or smtp:// for a server with STARTTLS; \
     in the user and the password, write special characters as %40";

/// How letters leave.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `VESTIBULE_MAIL_URL`; none means the mailbox at `/dev/mail`.
    pub server: Option<MailServer>,
    /// `VESTIBULE_MAIL_FROM`: who letters are from; there whenever there is a server.
    pub from: Option<Mailbox>,
}

/// A mail server that takes letters from us.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub tls: MailTls,
    /// The certificates that vouch for it, in PEM; none means the authorities that browsers know.
    pub authorities: Option<Vec<u8>>,
    /// Who we are to it.
    pub credentials: Option<MailCredentials>,
}

/// How the connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailTls {
    /// From its first octet on.
    Implicit,
    /// From `STARTTLS` on, without which nothing is said.
    StartTls,
    /// It never leaves this machine.
    None,
}

/// A user and a password. Its `Debug` prints neither.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MailCredentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for MailCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailCredentials(..)")
    }
}

impl Mail {
    pub(super) fn read(env: &mut Environment, public_url: &PublicUrl) -> Self {
        let server = env.text(URL).and_then(|text| server(&text).map_err(|reason| env.mistake(URL, reason)).ok());
        let from = env.parsed(FROM, "a mailbox such as Vestibule <no-reply@example.com>", mailbox);
        let needed = public_url.is_https();
        if needed && !env.is_set(URL) {
            env.mistake(URL, format!("is needed where the public URL is https: {WANTED}"));
        }
        if (needed || env.is_set(URL)) && !env.is_set(FROM) {
            env.mistake(FROM, "is needed to send mail: a mailbox such as Vestibule <no-reply@example.com>");
        }
        Self { server, from }
    }
}

/// A mailbox that can stand in a header and in the envelope of every server.
fn mailbox(text: &str) -> Option<Mailbox> {
    let plain = |text: &str| !text.chars().any(char::is_control);
    let mailbox: Mailbox = text.parse().ok().filter(|_| plain(text))?;
    let address: &str = mailbox.email.as_ref();
    (address.is_ascii() && !address.contains('"')).then_some(mailbox)
}

/// What a mail URL says.
fn server(text: &str) -> Result<MailServer, String> {
    let wanted = || WANTED.to_owned();
    let url = Url::parse(text).map_err(|_| wanted())?;
    // The parser knows neither scheme, so it leaves addresses in numbers as they are.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let address = host.parse::<IpAddr>().ok();
    let bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
    if host.is_empty() || !bare || !(is_name || address.is_some()) {
        return Err(wanted());
    }
    let is_loopback = match address {
        Some(address) => address.is_loopback(),
        None => host == "localhost" || host.ends_with(".localhost"),
    };
    let options = Options::read(&url)?;
    let tls = tls(url.scheme(), options.tls.as_deref(), is_loopback)?;
    let default_port = match tls {
        MailTls::Implicit => 465,
        MailTls::StartTls => 587,
        MailTls::None => 25,
    };
    let port = url.port().unwrap_or(default_port);
    let credentials = credentials(&url)?;
    Ok(MailServer { host, port, tls, authorities: options.authorities, credentials })
}

fn tls(scheme: &str, asked: Option<&str>, is_loopback: bool) -> Result<MailTls, String> {
    match (scheme, asked) {
        ("smtps", None) => Ok(MailTls::Implicit),
        ("smtp", None | Some("none")) if is_loopback => Ok(MailTls::None),
        ("smtp", None | Some("required")) => Ok(MailTls::StartTls),
        ("smtp", Some("none")) => {
            Err("tls=none is for this machine only: links that open accounts would cross the network in clear".into())
        }
        ("smtp", Some(_)) => Err("tls is required or none".into()),
        ("smtps", Some(_)) => Err("smtps:// is always TLS: take tls= away".into()),
        _ => Err(WANTED.into()),
    }
}

fn credentials(url: &Url) -> Result<Option<MailCredentials>, String> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        (!text.contains('\0')).then_some(text)
    };
    match (decoded(url.username()), url.password().map(decoded)) {
        (Some(user), None) if user.is_empty() => Ok(None),
        (Some(user), Some(Some(password))) if !user.is_empty() => Ok(Some(MailCredentials { user, password })),
        (Some(_), None) => Err("a user needs a password: smtps://user:password@host".into()),
        _ => Err(WANTED.into()),
    }
}

/// What stands behind the question mark.
#[derive(Default)]
struct Options {
    tls: Option<String>,
    authorities: Option<Vec<u8>>,
}

impl Options {
    fn read(url: &Url) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in url.query_pairs() {
            match &*name {
                "tls" => options.tls = Some(value.into_owned()),
                "ca" => options.authorities = Some(authorities(&value)?),
                _ => return Err("only tls= and ca= may stand behind the question mark".into()),
            }
        }
        Ok(options)
    }
}

fn authorities(path: &str) -> Result<Vec<u8>, String> {
    let pem = fs::read(path).map_err(|error| format!("the certificates in ca= cannot be read: {error}"))?;
    let holds_some = pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----");
    if !holds_some || Certificate::from_pem(&pem).is_err() {
        return Err("the file in ca= holds no certificates in PEM".into());
    }
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> (String, u16, MailTls) {
        let server = server(url).unwrap_or_else(|reason| panic!("{url}: {reason}"));
        (server.host, server.port, server.tls)
    }

    #[test]
    fn a_network_is_crossed_under_tls_only() {
        assert_eq!(told("smtps://mail.example.com"), ("mail.example.com".into(), 465, MailTls::Implicit));
        assert_eq!(told("smtp://mail.example.com"), ("mail.example.com".into(), 587, MailTls::StartTls));
        assert_eq!(told("smtp://mail.example.com:25?tls=required"), ("mail.example.com".into(), 25, MailTls::StartTls));
        assert_eq!(told("smtp://192.0.2.1"), ("192.0.2.1".into(), 587, MailTls::StartTls));
        assert_eq!(told("smtp://[2001:db8::1]/"), ("2001:db8::1".into(), 587, MailTls::StartTls));
        assert!(server("smtp://mail.example.com?tls=none").is_err());
        assert!(server("smtp://10.0.0.1?tls=none").is_err());
        assert!(server("smtp://mail.example.com?tls=opportunistic").is_err());
        for here in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(told(&format!("smtp://{here}")).1, 25);
            assert_eq!(told(&format!("smtp://{here}:2525")).2, MailTls::None);
            assert_eq!(told(&format!("smtp://{here}?tls=required")).2, MailTls::StartTls);
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let server = server("smtps://no-reply%40example.com:p%3A%2F%40%23%20%ED%95%9C@mail.example.com").unwrap();
        assert!(!format!("{server:?}").contains("p:/@"));
        let credentials = server.credentials.unwrap();
        assert_eq!((&*credentials.user, &*credentials.password), ("no-reply@example.com", "p:/@# 한"));
        for wrong in ["smtps://user@host", "smtps://:password@host", "smtps://user:%00@host", "smtps://user:%ff@host"] {
            assert!(self::server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for wrong in [
            "",
            "mail.example.com",
            "smtp:mail.example.com",
            "smtps://",
            "smtps://host/path",
            "smtps://host#fragment",
            "smtps://user:pa#ss@host",
            "smtps://host?tls=required",
            "smtps://host?ehlo=me",
            "smtps://ho%20st",
            "https://host",
            "smtps://host?ca=/nowhere/at/all",
        ] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sender_is_one_mailbox_in_ascii() {
        for good in
            ["no-reply@example.com", "Vestibule <no-reply@example.com>", "입구 <no-reply@example.com>", "a@localhost"]
        {
            assert!(mailbox(good).is_some(), "{good}");
        }
        for wrong in [
            "",
            "example.com",
            "a@example.com, b@example.com",
            "A <a@example.com>\r\nBcc: b@example.com",
            "입구@example.com",
            "\"a b\"@example.com",
        ] {
            assert!(mailbox(wrong).is_none(), "{wrong}");
        }
    }
}
