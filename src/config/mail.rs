//! Mail settings: an SMTP server, or the development mailbox.

use std::{fs, net::IpAddr};

use lettre::{Address, message::Mailbox, transport::smtp::client::Certificate};
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
    /// No TLS: on loopback, or because the URL says `tls=none`.
    None,
}

impl MailServer {
    /// Returns whether email crosses a network in clear.
    pub fn is_in_clear(&self) -> bool {
        self.tls == MailTls::None && !is_loopback(&self.host)
    }
}

/// Returns whether a host name or an IP address without brackets is this machine.
fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
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
        let from = env.text(FROM).and_then(|text| mailbox(&text).map_err(|reason| env.mistake(FROM, reason)).ok());
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

/// Parses a mailbox that every server accepts in a header and in the envelope: the domain in ASCII (IDNA), and the name
/// with or without quotes.
fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    const WANTED: &str =
        "wanted one mailbox, such as Vestibule <no-reply@example.com> or \"Example, Inc.\" <a@example.com>";
    if text.chars().any(char::is_control) {
        return Err("a sender is one line without control characters");
    }
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim(), address.trim()),
        None => ("", text.trim()),
    };
    let (local, domain) = address.rsplit_once('@').ok_or(WANTED)?;
    if !local.is_ascii() || local.contains(['"', ' ']) {
        return Err(
            "wanted a sender whose part before the @ is ASCII and has no quotes: not every mail server accepts others",
        );
    }
    let domain =
        if domain.is_ascii() { domain.to_owned() } else { idna::domain_to_ascii_strict(domain).or(Err(WANTED))? };
    let address: Address = format!("{local}@{domain}").parse().or(Err(WANTED))?;
    let name = match name {
        "" => None,
        // A name in quotes, or of words: as RFC 5322 has it. A comma or a full stop needs no quotes here, because only
        // one mailbox can follow it.
        name if name.contains('"') => {
            let quoted: Mailbox = format!("{name} <a@example.com>").parse().or(Err(WANTED))?;
            quoted.name
        }
        name if name.contains(['<', '>', '@', '\\']) => return Err(WANTED),
        name => Some(name.to_owned()),
    };
    Ok(Mailbox::new(name, address))
}

/// Parses a mail URL.
fn server(text: &str) -> Result<MailServer, String> {
    let wanted = || WANTED.to_owned();
    let url = Url::parse(text).map_err(|_| wanted())?;
    // The URL parser knows neither scheme, so it does not parse IP addresses.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let is_address = host.parse::<IpAddr>().is_ok();
    let bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
    if host.is_empty() || !bare || !(is_name || is_address) {
        return Err(wanted());
    }
    let (mut asked, mut authorities) = (None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "tls" => asked = Some(value),
            "ca" => authorities = Some(read_authorities(&value)?),
            _ => return Err("only tls= and ca= are known query parameters".into()),
        }
    }
    let (tls, default_port) = tls(url.scheme(), asked.as_deref(), is_loopback(&host))?;
    let port = url.port().unwrap_or(default_port);
    let server = MailServer { host, port, tls, authorities, credentials: credentials(&url)? };
    if server.is_in_clear() && server.credentials.is_some() {
        return Err(
            "with tls=none the password would cross the network in clear: use TLS, or a server that needs no user"
                .into(),
        );
    }
    Ok(server)
}

/// The use of TLS and the usual port for it.
fn tls(scheme: &str, asked: Option<&str>, is_loopback: bool) -> Result<(MailTls, u16), String> {
    match (scheme, asked) {
        ("smtps", None) => Ok((MailTls::Implicit, 465)),
        ("smtp", None) if is_loopback => Ok((MailTls::None, 25)),
        // Links that open accounts then cross a network in clear, so only a server that is named so gets it.
        ("smtp", Some("none")) => Ok((MailTls::None, 25)),
        ("smtp", None | Some("required")) => Ok((MailTls::StartTls, 587)),
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
    fn field_8_a_network_is_crossed_without_tls_only_if_the_url_says_so_and_never_with_a_password() {
        for (url, is_in_clear) in [
            ("smtp://mailpit:1025?tls=none", true),
            ("smtp://10.0.0.1?tls=none", true),
            ("smtp://[2001:db8::1]?tls=none", true),
            ("smtp://mailpit:1025", false),
            ("smtp://localhost?tls=none", false),
            ("smtp://user:password@127.0.0.1?tls=none", false),
            ("smtps://user:password@mail.example.com", false),
        ] {
            assert_eq!(server(url).expect(url).is_in_clear(), is_in_clear, "{url}");
        }
        assert_eq!(parsed("smtp://mailpit?tls=none"), ("mailpit".into(), 25, MailTls::None));
        let refused = server("smtp://user:canary@mailpit:1025?tls=none").expect_err("a password in clear");
        assert!(refused.contains("in clear") && !refused.contains("canary"), "{refused}");
        assert!(server("smtps://mailpit?tls=none").is_err());
    }

    #[test]
    fn a_network_is_crossed_under_tls_by_default() {
        assert_eq!(parsed("smtps://mail.example.com"), ("mail.example.com".into(), 465, MailTls::Implicit));
        assert_eq!(parsed("smtp://mail.example.com"), ("mail.example.com".into(), 587, MailTls::StartTls));
        assert_eq!(
            parsed("smtp://mail.example.com:25?tls=required"),
            ("mail.example.com".into(), 25, MailTls::StartTls)
        );
        assert_eq!(parsed("smtp://192.0.2.1"), ("192.0.2.1".into(), 587, MailTls::StartTls));
        assert_eq!(parsed("smtp://[2001:db8::1]/"), ("2001:db8::1".into(), 587, MailTls::StartTls));
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
    fn field_29_a_sender_is_one_mailbox_as_people_write_it() {
        for (text, name, address) in [
            ("no-reply@example.com", None, "no-reply@example.com"),
            ("<no-reply@example.com>", None, "no-reply@example.com"),
            ("Vestibule <no-reply@example.com>", Some("Vestibule"), "no-reply@example.com"),
            ("입구 <no-reply@example.com>", Some("입구"), "no-reply@example.com"),
            ("a@localhost", None, "a@localhost"),
            ("Acme, Inc. <a@example.com>", Some("Acme, Inc."), "a@example.com"),
            ("\"Acme, Inc.\" <a@example.com>", Some("Acme, Inc."), "a@example.com"),
            ("O'Brien & Co (Dublin): mail <a@example.com>", Some("O'Brien & Co (Dublin): mail"), "a@example.com"),
            ("Bücher <a@bücher.example>", Some("Bücher"), "a@xn--bcher-kva.example"),
            ("a@xn--bcher-kva.example", None, "a@xn--bcher-kva.example"),
        ] {
            let mailbox = mailbox(text).expect(text);
            let address_of: &str = mailbox.email.as_ref();
            assert_eq!((mailbox.name.as_deref(), address_of), (name, address), "{text}");
        }
        for wrong in [
            "",
            "example.com",
            "Acme, Inc.",
            "a@example.com, b@example.com",
            "A <a@example.com>, B <b@example.com>",
            "a@example.com, B <b@example.com>",
            "A <a@example.com>\r\nBcc: b@example.com",
            "\"A\" B\" <a@example.com>",
            "입구@example.com",
            "\"a b\"@example.com",
            "A <a@exa mple.com>",
        ] {
            assert!(mailbox(wrong).is_err(), "{wrong}");
        }
    }
}
