//! What comes with a request: its form, its cookies, its headers and where it wants to go.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use super::text;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use url::Url;
use vestibule::{
    config::PublicUrl,
    http::client_ip::client_ip,
    types::{Lang, ReturnTo},
    web::{
        Fields,
        cookies::{Cookies, Name, Presented},
    },
};

/// A form that is taken says what it says to every other reader of forms, each field once.
pub fn form(data: &[u8]) {
    let Ok(fields) = Fields::parse(data) else { return };
    let mut names = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(data) {
        assert!(names.insert(name.to_string()), "{name:?} came twice");
        assert_eq!(fields.get(&name), value);
        let shown = fields.shown(&name);
        assert!(shown.chars().count() <= 254 && !shown.contains(char::is_control), "{shown:?}");
    }
    assert!(names.len() <= 50);
    // Longer than all of them, so that it did not come: one written here was found by the fuzzer.
    let longest = names.iter().map(String::len).max().unwrap_or_default();
    assert_eq!(fields.get(&"x".repeat(longest + 1)), "");
}

/// The headers of one name that these lines make; what is no header's value never arrives.
fn headers(name: &HeaderName, lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(8) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    headers
}

/// A cookie counts when there is one value under exactly its name, in whatever order and however often.
pub fn cookies(data: &[u8]) {
    let headers = headers(&header::COOKIE, data);
    let mut reversed = HeaderMap::new();
    for line in headers.get_all(header::COOKIE).iter().rev() {
        let pairs: Vec<_> = line.as_bytes().split(|byte| *byte == b';').rev().collect();
        reversed.append(header::COOKIE, HeaderValue::from_bytes(&pairs.join(&b';')).expect("the same octets"));
    }
    for url in ["https://id.example.com", "http://localhost:8080"] {
        let url = PublicUrl::parse(url).expect("a public URL");
        let names = [Name::Session, Name::Csrf, Name::Browser, Name::Link, Name::Pending, Name::Ceremony];
        for name in names.into_iter().chain([Name::Notice, Name::Language]).map(|name| name.text(&url)) {
            let found = Cookies::of(&headers).presented(name);
            assert_eq!(found, Cookies::of(&reversed).presented(name));
            let mut values = BTreeSet::new();
            for line in headers.get_all(header::COOKIE) {
                for pair in line.as_bytes().split(|byte| *byte == b';') {
                    let value =
                        pair.trim_ascii().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
                    // What is not UTF-8 counts as a value that is no good.
                    values.extend(value.map(|value| std::str::from_utf8(value).unwrap_or_default()));
                }
            }
            match found {
                Presented::None => assert!(values.is_empty(), "{name}: {values:?}"),
                Presented::One(value) => assert_eq!(values, BTreeSet::from([value]), "{name}"),
                Presented::Ambiguous => assert!(values.len() > 1, "{name}: {values:?}"),
            }
        }
    }
}

/// Nobody is led away from this origin, and what is kept of a path is the path.
pub fn next(data: &[u8]) {
    let Some(path) = text(data).and_then(ReturnTo::parse) else { return };
    let asked = path.as_str();
    assert_eq!(ReturnTo::parse(asked), Some(path.clone()));
    for base in ["https://id.example.com/", "http://localhost:8080/login?next=/a", "http://[::1]/a/b/"] {
        let base = Url::parse(base).expect("a base");
        let url = base.join(asked).expect("a path that was taken");
        assert_eq!(url.origin(), base.origin(), "{asked:?}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{asked:?}");
        assert_eq!(&url[url::Position::BeforePath..], asked);
        // Decoded once more, as a careless proxy does, it is still a path of this origin.
        let bare = path.without_query();
        assert!(!bare.as_str().contains('?'));
        let decoded = url::form_urlencoded::parse(
            format!("p={}", bare.as_str().replace('+', "%2B").replace('&', "%26")).as_bytes(),
        )
        .next()
        .map(|(_, value)| value.into_owned())
        .expect("a pair");
        assert!(decoded.starts_with('/') && !decoded.starts_with("//") && !decoded.contains(['\\', '\r', '\n', '\0']));
        assert_eq!(base.join(&decoded).map(|url| url.origin()), Ok(base.origin()), "{decoded:?}");
    }
    assert!(HeaderValue::from_str(asked).is_ok());
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|found| found.to_canonical())
}

/// The first octet says who connects; the rest are the lines of `X-Forwarded-For`. The address that counts
/// is vouched for by trusted proxies alone: what stands to the left of it says nothing.
pub fn forwarded(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let trusted: Vec<IpNet> =
        ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1/32"].iter().map(|net| net.parse().expect("a network")).collect();
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let peers = ["10.0.0.1", "::ffff:10.1.2.3", "2001:db8::1", "127.0.0.1", "192.0.2.1", "::1", "::ffff:192.0.2.1"];
    let peer: IpAddr = peers[usize::from(*first) % peers.len()].parse().expect("an address");
    let mut headers = headers(&FORWARDED_FOR, rest);
    // Another header that proxies write says nothing, whatever stands in it.
    if let Ok(value) = HeaderValue::from_bytes(rest.split(|byte| *byte == b'\n').next().unwrap_or_default()) {
        headers.append(header::FORWARDED, value.clone());
        headers.append(HeaderName::from_static("x-real-ip"), value);
    }
    let found = client_ip(peer, &headers, &trusted);
    assert_eq!(found, found.to_canonical());
    if !is_trusted(peer.to_canonical()) {
        assert_eq!(found, peer.to_canonical(), "a stranger chose an address");
        return;
    }
    let values = headers.get_all(&FORWARDED_FOR).iter();
    let hops = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let hops: Vec<Option<IpAddr>> = hops.map(|text| std::str::from_utf8(text).ok().and_then(hop)).collect();
    let vouched: Vec<IpAddr> = hops.iter().rev().map_while(|hop| *hop).collect();
    let proxies = vouched.iter().take_while(|hop| is_trusted(**hop)).count();
    let expected = vouched.get(proxies).or_else(|| vouched.last()).copied().unwrap_or(peer.to_canonical());
    assert_eq!(found, expected, "{hops:?}");
    // What our own proxy appends is what counts, whatever came before.
    headers.append(FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"));
    assert_eq!(client_ip(peer, &headers, &trusted), IpAddr::from([198, 51, 100, 7]));
}

/// Some language of ours is chosen, the same however the header is spelled, and a plain first wish is met.
pub fn language(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let lang = Lang::negotiate(Some(text));
    assert!(Lang::ALL.contains(&lang));
    assert_eq!(Lang::from_code(lang.code()), Some(lang));
    // A header is ASCII, or it is not read at all.
    if text.is_ascii() {
        assert_eq!(Lang::negotiate(Some(&text.to_ascii_uppercase())), lang);
        for lang in Lang::ALL {
            assert_eq!(Lang::negotiate(Some(&format!("{},{text}", lang.code()))), lang);
        }
    }
    if let Ok(chosen) = text.parse::<Lang>() {
        assert_eq!(chosen.code(), text);
    }
}
