//! What reaches an app behind each proxy: the same questions for all of them.

use super::{
    PUBLIC, Visitor, admit,
    backend::Backend,
    proxies::{Kind, Running},
    tls::NAME,
    with_proxy,
};
use crate::support::{app::TestApp, browser::Browser, http::Answer, settle::settled};

#[tokio::test]
async fn nginx() {
    walk(Kind::Nginx).await;
}

#[tokio::test]
async fn haproxy() {
    walk(Kind::Haproxy).await;
}

#[tokio::test]
async fn caddy() {
    walk(Kind::Caddy).await;
}

#[tokio::test]
async fn traefik() {
    walk(Kind::Traefik).await;
}

#[tokio::test]
async fn envoy() {
    walk(Kind::Envoy).await;
}

/// A service, an app, and a proxy before both.
struct House {
    kind: Kind,
    app: TestApp,
    backend: Backend,
    proxy: Running,
}

/// A request through the proxy.
#[derive(Clone, Debug)]
struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    host: Option<&'a str>,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

fn get<'a>(path: &'a str, headers: &[(&'a str, &'a str)]) -> Ask<'a> {
    Ask { method: "GET", path, host: None, headers: headers.to_vec(), body: "" }
}

const PAGE: [(&str, &str); 2] = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")];
const FETCH: [(&str, &str); 2] = [("Sec-Fetch-Mode", "cors"), ("Accept", "*/*")];
const SOCKET: [(&str, &str); 5] = [
    ("Sec-Fetch-Mode", "websocket"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];
/// Spellings that some app or server takes for one of our headers.
const SPOOFED: [&str; 12] = [
    "Remote-User",
    "remote-user",
    "REMOTE-USER",
    "Remote_User",
    "remote.user",
    "Remote-Groups",
    "Remote_Groups",
    "remote.groups",
    "Remote-Email",
    "Remote_Email",
    "Remote-Aal",
    "Remote_Id",
];

impl House {
    fn request(&self, cookies: &Browser, ask: &Ask<'_>) -> String {
        let Ask { method, path, host, headers, body } = ask;
        let own = self.proxy.origin.trim_start_matches("https://");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", host.unwrap_or(own));
        if !headers.iter().any(|(name, _)| *name == "Connection") {
            head.push_str("Connection: close\r\n");
        }
        let cookies: Vec<_> = cookies.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            head = format!("{head}Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        format!("{head}{length}\r\n{body}")
    }

    async fn ask(&self, cookies: &Browser, ask: &Ask<'_>) -> Answer {
        settled(self.app.address).await;
        let answer = self.proxy.client.exchange(self.request(cookies, ask).as_bytes()).await;
        answer.unwrap_or_else(|error| panic!("{:?} {ask:?}: {error}\n{}", self.kind, self.proxy.log()))
    }

    /// Asks for what must not reach the app.
    async fn unreached(&self, cookies: &Browser, ask: &Ask<'_>) -> Answer {
        let before = self.backend.reached();
        let answer = self.ask(cookies, ask).await;
        let reached = self.backend.reached() > before || answer.header("x-reached").is_some();
        assert!(!reached, "{:?} {ask:?}: {answer:?}", self.kind);
        answer
    }

    /// The same, and the answer says so.
    async fn refused(&self, cookies: &Browser, ask: &Ask<'_>) -> Answer {
        let answer = self.unreached(cookies, ask).await;
        assert!(answer.status >= 300, "{:?} {ask:?}: {answer:?}", self.kind);
        answer
    }

    /// Asks for what must reach it, and returns the request as it came there.
    async fn reaches(&self, cookies: &Browser, ask: &Ask<'_>) -> Seen {
        let answer = self.ask(cookies, ask).await;
        assert_eq!(
            (answer.status, answer.header("x-reached")),
            (200, Some("app")),
            "{:?}: {answer:?}\n{}",
            self.kind,
            self.proxy.log()
        );
        Seen(answer.body)
    }

    /// Goes all the way in through the proxy.
    async fn enters(&self, visitor: &mut Visitor, path: &str) {
        let knock = self.refused(&visitor.host, &get(path, &PAGE)).await;
        assert_eq!(knock.status, 302, "{:?}: {knock:?}\n{}", self.kind, self.proxy.log());
        let knock = visitor.path(knock.location()).to_owned();
        let knocked = self.keep(visitor, &knock).await;
        let gate = knocked.location().strip_prefix(PUBLIC).expect("the service").to_owned();
        let passed = visitor.id.get(&gate).await;
        assert_eq!(passed.status, 303, "{passed:?}");
        let entered = self.keep(visitor, visitor.clone().path(passed.location())).await;
        assert_eq!(entered.location(), format!("{}{path}", self.proxy.origin), "{entered:?}");
    }

    /// Asks below `/.vestibule/`, and keeps the cookies.
    async fn keep(&self, visitor: &mut Visitor, path: &str) -> Answer {
        let answer = self.refused(&visitor.host, &get(path, &PAGE)).await;
        assert_eq!(answer.status, 303, "{:?} {path}: {answer:?}\n{}", self.kind, self.proxy.log());
        for cookie in answer.header_all("set-cookie") {
            let (name, value) = cookie.split_once('=').expect("a cookie");
            let value = value.split(';').next().unwrap_or_default();
            if value.is_empty() {
                visitor.host.cookies.remove(name);
            } else {
                visitor.host.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// A request as the app got it.
#[derive(Debug)]
struct Seen(String);

impl Seen {
    /// The values of a header in any spelling that a server may take for it.
    fn all(&self, name: &str) -> Vec<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n").expect("a head");
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let like = |text: &str| text.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        fields.filter(|(found, _)| like(found) == name).map(|(_, value)| value.trim()).collect()
    }

    /// Who the app believes it is.
    #[track_caller]
    fn assert_is(&self, kind: Kind, user: &str, groups: &str) {
        let one = |name: &str| self.all(name).into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>();
        assert_eq!(self.all("remote-user"), [user], "{kind:?}: {self:?}");
        assert_eq!(one("remote-groups"), if groups.is_empty() { vec![] } else { vec![groups] }, "{kind:?}: {self:?}");
        assert_eq!(one("remote-email"), [format!("{user}@example.com")], "{kind:?}: {self:?}");
        assert_eq!(one("remote-aal"), ["1"], "{kind:?}: {self:?}");
        assert_eq!(one("remote-id").len(), 1, "{kind:?}: {self:?}");
        assert!(!self.0.contains("mallory"), "{kind:?}: {self:?}");
    }
}

/// Everything, one after the other.
async fn walk(kind: Kind) {
    let Some(program) = kind.find() else { return };
    let (app, backend) = (with_proxy().await, Backend::start().await);
    let proxy = Running::start(kind, &program, app.address, backend.address).await;
    app.proxy_app("wiki", &proxy.origin).await;
    let house = House { kind, app, backend, proxy };
    nobody_passes(&house).await;
    let mut alice = Visitor::of(house.app.person("alice").await, &house.proxy.origin);
    house.enters(&mut alice, "/page?x=1").await;
    who_is_in_is_named(&house, &alice).await;
    row_59_spoofed_identities_do_not_pass(&house, &alice).await;
    row_60_what_connection_names_is_not_lost(&house, &alice).await;
    only_members_pass(&house, &alice).await;
    what_ended_is_refused(house, alice).await;
}

async fn nobody_passes(house: &House) {
    let nobody = Browser::new(house.app.address);
    let page = house.refused(&nobody, &get("/a/b?c=d", &PAGE)).await;
    let knock = format!("{}/.vestibule/knock?to=%2Fa%2Fb%3Fc%3Dd", house.proxy.origin);
    assert_eq!(
        (page.status, page.location()),
        (302, knock.as_str()),
        "{:?}: {page:?}\n{}",
        house.kind,
        house.proxy.log()
    );
    let post = Ask { method: "POST", body: "a=b", ..get("/form", &PAGE) };
    for ask in [get("/api", &FETCH), get("/socket", &SOCKET), get("/plain", &[]), post] {
        let answer = house.refused(&nobody, &ask).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (401, None),
            "{:?} {}: {answer:?}",
            house.kind,
            ask.path
        );
    }
    let spoofed = [
        ("X-Original-URL", "https://other.test/public"),
        ("X-Original-URI", "/.vestibule/enter"),
        ("X-Original-Method", "OPTIONS"),
        ("X-Forwarded-Uri", "/.vestibule/enter"),
        ("X-Forwarded-Host", "other.test"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Prefix", "/.vestibule"),
        ("X-Envoy-Original-Path", "/.vestibule/enter"),
        ("User-Agent", "kube-probe/1.30"),
    ];
    for path in [
        "/private",
        "/private?x=/.vestibule/",
        "/.vestibule/../private",
        "/.vestibule%2f..%2fprivate",
        "//.vestibule/",
        "/livez",
    ] {
        house.refused(&nobody, &get(path, &spoofed)).await;
    }
    for host in ["other.test", "evil.example", "app.test.evil.example"] {
        let wrong = Ask { host: Some(host), ..get("/", &PAGE) };
        // Caddy answers 200 with nothing for a host that it does not have.
        let answer = house.unreached(&nobody, &wrong).await;
        let location = answer.header("location").unwrap_or_default();
        assert!(
            location.is_empty() || location.starts_with(&house.proxy.origin),
            "{:?} {host}: {answer:?}",
            house.kind
        );
    }
    let knocked = house.refused(&nobody, &get("/.vestibule/knock", &spoofed)).await;
    let at_home = knocked.header("location").is_none_or(|location| location.contains(&format!("%2F%2F{NAME}%3A")));
    assert!(at_home, "{:?}: {knocked:?}", house.kind);
    let huge = "a".repeat(64 * 1024);
    let before = house.backend.reached();
    let request = house.request(&nobody, &get("/", &[("Cookie", &huge)]));
    // Some close the connection before they have read it all.
    let status = house.proxy.client.exchange(request.as_bytes()).await.map_or(400, |answer| answer.status);
    assert!(status >= 400 && house.backend.reached() == before, "{:?}: {status}", house.kind);
}

async fn who_is_in_is_named(house: &House, alice: &Visitor) {
    for headers in [&PAGE, &FETCH] {
        house.reaches(&alice.host, &get("/page", headers)).await.assert_is(house.kind, "alice", "");
    }
    let seen = house.reaches(&alice.host, &Ask { method: "POST", body: "a=b", ..get("/form", &FETCH) }).await;
    assert!(seen.0.starts_with("POST /form ") && seen.0.ends_with("a=b"), "{:?}: {seen:?}", house.kind);
    seen.assert_is(house.kind, "alice", "");
    let socket = house.ask(&alice.host, &get("/socket", &SOCKET)).await;
    assert_eq!((socket.status, socket.header("x-seen")), (101, Some("alice")), "{:?}: {socket:?}", house.kind);
    // Of two cookies of that name none counts.
    let mut twice = alice.host.clone();
    let cookie = twice.cookies.get_mut("__Host-vestibule-gate").expect("the cookie");
    *cookie = format!("{cookie}; __Host-vestibule-gate=AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(house.refused(&twice, &get("/", &FETCH)).await.status, 401, "{:?}", house.kind);
}

async fn row_59_spoofed_identities_do_not_pass(house: &House, alice: &Visitor) {
    let nobody = Browser::new(house.app.address);
    let all: Vec<_> = SPOOFED.iter().map(|name| (*name, "mallory")).collect();
    house.refused(&nobody, &get("/", &all)).await;
    for name in SPOOFED {
        let spoofed = [FETCH[0], (name, "mallory"), ("X-Forwarded-Prefix", "/mallory")];
        let answer = house.ask(&alice.host, &get("/", &spoofed)).await;
        // A proxy may refuse a name with odd characters.
        if answer.status != 400 {
            assert_eq!(answer.status, 200, "{:?} {name}: {answer:?}", house.kind);
            Seen(answer.body).assert_is(house.kind, "alice", "");
        }
    }
    house
        .reaches(&alice.host, &get("/", &[FETCH[0], ("Remote-User", "mallory"), ("Remote-User", "mallory")]))
        .await
        .assert_is(house.kind, "alice", "");
}

async fn row_60_what_connection_names_is_not_lost(house: &House, alice: &Visitor) {
    for named in [
        "close, remote-user",
        "Remote-User, Remote-Groups, Remote-Email, Remote-Id, Remote-Aal",
        "x-forwarded-host, x-forwarded-uri, x-forwarded-proto",
        "cookie",
        "close, x-original-url",
    ] {
        let before = house.backend.reached();
        let answer =
            house.ask(&alice.host, &get("/", &[FETCH[0], ("Connection", named), ("Connection", "close")])).await;
        if answer.status == 200 {
            Seen(answer.body).assert_is(house.kind, "alice", "");
        } else {
            assert_eq!(house.backend.reached(), before, "{:?} {named}: {answer:?}", house.kind);
        }
    }
}

async fn only_members_pass(house: &House, alice: &Visitor) {
    let mut bob = Visitor::of(house.app.person("bob").await, &house.proxy.origin);
    house.enters(&mut bob, "/").await;
    admit(&house.app, "staff", &["alice"]).await;
    house.reaches(&alice.host, &get("/", &FETCH)).await.assert_is(house.kind, "alice", "staff");
    let answer = house.refused(&bob.host, &get("/", &FETCH)).await;
    assert_eq!((answer.status, answer.header("location")), (403, None), "{:?}: {answer:?}", house.kind);
    let answer = house.refused(&bob.host, &get("/", &PAGE)).await;
    assert_eq!(answer.status, 302, "{:?}: {answer:?}", house.kind);
    assert!(answer.location().starts_with(&format!("{}/.vestibule/knock", house.proxy.origin)), "{answer:?}");
}

async fn what_ended_is_refused(house: House, mut alice: Visitor) {
    house.app.execute("update sessions set revoked_at = now()").await;
    assert_eq!(house.refused(&alice.host, &get("/", &FETCH)).await.status, 401, "{:?}", house.kind);
    assert_eq!(house.refused(&alice.host, &get("/", &PAGE)).await.status, 302, "{:?}", house.kind);
    alice.id = house.app.signed_in("alice").await;
    alice.host.cookies.clear();
    house.enters(&mut alice, "/").await;
    let stolen = alice.host.clone();
    house.keep(&mut alice, "/.vestibule/leave").await;
    assert_eq!(house.refused(&stolen, &get("/", &FETCH)).await.status, 401, "{:?}", house.kind);
    house.enters(&mut alice, "/").await;
    // Without us nobody passes.
    let request = house.request(&alice.host, &get("/", &FETCH));
    let House { kind, app, backend, proxy } = house;
    app.stop().await;
    let before = backend.reached();
    let answer = proxy.client.exchange(request.as_bytes()).await.expect("an answer");
    assert!(answer.status >= 500 && backend.reached() == before, "{kind:?}: {answer:?}");
}
