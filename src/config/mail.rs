//! Mail settings: an SMTP server, or the development mailbox.

use std::{fs, net::IpAddr};

use lettre::{message::Mailbox, transport::smtp::client::Certificate};
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::ZeroizeOnDrop;

use super::{Environment, PublicUrl};

const URL: &str = "VESTIBULE_MAIL_URL";
const FROM: &str = "VESTIBULE_MAIL_FROM";

const WANTED: &str = "wanted smtps://user:password@smtp.example.com, or smtp:// for STARTTLS; \
     in the user and the password, write special characters as %40";

/// Mail settings.
#[derive(Clone, Debug)]
pub struct Mail {
    /// `VESTIBULE_MAIL_URL`; `None` means the mailbox at `/dev/mail`.
    pub server: Option<MailServer>,
    /// `VESTIBULE_MAIL_FROM`: the sender; set whenever `server` is.
    pub from: Option<Mailbox>,
}

/// The SMTP server that relays our email.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// A host name or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How TLS is used.
    pub tls: MailTls,
    /// Trusted certificate authorities, in PEM; `None` means the public ones.
    pub authorities: Option<Vec<u8>>,
    /// The SMTP credentials.
    pub credentials: Option<MailCredentials>,
}

/// How TLS is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// `STARTTLS`, required before anything else.
    StartTls,
    /// No TLS, on loopback only.
    None,
}

/// A user name and a password. Its `Debug` prints neither.
#[derive(Clone, derive_more::Debug, ZeroizeOnDrop)]
#[debug("MailCredentials(..)")]
pub struct MailCredentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
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

/// Parses a mailbox that every server accepts in a header and in the envelope.
fn mailbox(text: &str) -> Option<Mailbox> {
    let plain = |text: &str| !text.chars().any(char::is_control);
    let mailbox: Mailbox = text.parse().ok().filter(|_| plain(text))?;
    let address: &str = mailbox.email.as_ref();
    (address.is_ascii() && !address.contains('"')).then_some(mailbox)
}

/// Parses a mail URL.
fn server(text: &str) -> Result<MailServer, String> {
    let wanted = || WANTED.to_owned();
    let url = Url::parse(text).map_err(|_| wanted())?;
    // The URL parser knows neither scheme, so it does not parse IP addresses.
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
    let (mut asked, mut authorities) = (None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "tls" => asked = Some(value),
            "ca" => authorities = Some(read_authorities(&value)?),
            _ => return Err("only tls= and ca= are known query parameters".into()),
        }
    }
    let (tls, default_port) = tls(url.scheme(), asked.as_deref(), is_loopback)?;
    let port = url.port().unwrap_or(default_port);
    Ok(MailServer { host, port, tls, authorities, credentials: credentials(&url)? })
}

/// The use of TLS and the usual port for it.
fn tls(scheme: &str, asked: Option<&str>, is_loopback: bool) -> Result<(MailTls, u16), String> {
    match (scheme, asked) {
        ("smtps", None) => Ok((MailTls::Implicit, 465)),
        ("smtp", None | Some("none")) if is_loopback => Ok((MailTls::None, 25)),
        ("smtp", None | Some("required")) => Ok((MailTls::StartTls, 587)),
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

fn read_authorities(path: &str) -> Result<Vec<u8>, String> {
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

    fn parsed(url: &str) -> (String, u16, MailTls) {
        let server = server(url).unwrap_or_else(|reason| panic!("{url}: {reason}"));
        (server.host, server.port, server.tls)
    }

    #[test]
    fn a_network_is_crossed_under_tls_only() {
        assert_eq!(parsed("smtps://mail.example.com"), ("mail.example.com".into(), 465, MailTls::Implicit));
        assert_eq!(parsed("smtp://mail.example.com"), ("mail.example.com".into(), 587, MailTls::StartTls));
        assert_eq!(
            parsed("smtp://mail.example.com:25?tls=required"),
            ("mail.example.com".into(), 25, MailTls::StartTls)
        );
        assert_eq!(parsed("smtp://192.0.2.1"), ("192.0.2.1".into(), 587, MailTls::StartTls));
        assert_eq!(parsed("smtp://[2001:db8::1]/"), ("2001:db8::1".into(), 587, MailTls::StartTls));
        assert!(server("smtp://mail.example.com?tls=none").is_err());
        assert!(server("smtp://10.0.0.1?tls=none").is_err());
        assert!(server("smtp://mail.example.com?tls=opportunistic").is_err());
        for here in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(parsed(&format!("smtp://{here}")).1, 25);
            assert_eq!(parsed(&format!("smtp://{here}:2525")).2, MailTls::None);
            assert_eq!(parsed(&format!("smtp://{here}?tls=required")).2, MailTls::StartTls);
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
