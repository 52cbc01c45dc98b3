//! Forward-auth: the questions of proxies, the ticket, and real proxies in front of an app.

mod asking;
mod backend;
mod matrix;
mod proxies;
mod revocation;
mod tickets;
mod tls;

use crate::coverage::owners;
use crate::support::{app::TestApp, browser::Browser, http::Answer};

/// What the routes answer to the visitors of `coverage`, none of whom is a proxy.
pub const ROUTES: [(&str, [&str; 5]); 12] = [
    ("GET /gate/nginx", ["403"; 5]),
    ("GET /gate/traefik", ["403"; 5]),
    ("GET /gate/caddy", ["403"; 5]),
    ("GET /gate/haproxy", ["403"; 5]),
    ("GET /gate/envoy/", ["403"; 5]),
    ("GET /gate/envoy/{*path}", ["403"; 5]),
    ("GET /gate", owners("303 /login?next=/gate", "400")),
    ("GET /gate/again", ["404"; 5]),
    ("GET /gate/left", ["404"; 5]),
    ("GET /.vestibule/knock", ["404"; 5]),
    ("GET /.vestibule/enter", ["404"; 5]),
    ("GET /.vestibule/leave", ["404"; 5]),
];

/// The protected host of tests without a proxy.
pub const HOST: &str = "https://wiki.example.com";
/// Where people sign in.
pub const PUBLIC: &str = "https://id.example.com";
/// What a browser says when a person opens a page.
pub const PAGE: (&str, &str) = ("Sec-Fetch-Mode", "navigate");

/// A service whose proxies are on this machine, and an app behind one.
pub async fn start() -> TestApp {
    let app = with_proxy().await;
    app.proxy_app("wiki", HOST).await;
    app
}

pub async fn with_proxy() -> TestApp {
    TestApp::with(&[("VESTIBULE_PUBLIC_URL", PUBLIC), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1/32")]).await
}

/// One person's browser, which keeps the cookies of the service and of a protected host apart.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// At the service.
    pub id: Browser,
    /// At the host, behind its proxy.
    pub host: Browser,
    pub origin: String,
}

impl Visitor {
    /// A visitor who has never been at the host.
    pub fn of(id: Browser, origin: &str) -> Self {
        let host = Browser::new(id.to);
        Self { id, host, origin: origin.to_owned() }
    }

    /// The answer to nginx about a request with these headers.
    pub async fn asks(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.origin);
        let mut asked = self.host.clone().with("X-Original-URL", &url).with("X-Original-Method", method);
        for (name, value) in headers {
            asked = asked.with(name, value);
        }
        asked.get("/gate/nginx").await
    }

    /// The answer to nginx about a page.
    pub async fn opens(&self, path: &str) -> Answer {
        self.asks("GET", path, &[PAGE]).await
    }

    /// What the host answers below `/.vestibule/`, which its proxy hands to the service.
    pub async fn at(&mut self, path: &str) -> Answer {
        let (scheme, host) = self.origin.split_once("://").expect("an origin");
        let mut there = self.host.clone().with("X-Forwarded-Proto", scheme).with("X-Forwarded-Host", host);
        let answer = there.get(path).await;
        self.host.cookies = there.cookies;
        answer
    }

    /// A path of an address on the host.
    pub fn path<'a>(&self, address: &'a str) -> &'a str {
        address.strip_prefix(self.origin.as_str()).unwrap_or_else(|| panic!("{address} is not at {}", self.origin))
    }

    /// Knocks as a user who is signed in at the service, and returns where the ticket leads, or what came instead.
    pub async fn knocks(&mut self, path: &str) -> Answer {
        let refused = self.opens(path).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let knocked = self.at(self.path(refused.location())).await;
        assert_eq!(knocked.status, 303, "{knocked:?}");
        let gate = knocked.location().strip_prefix(PUBLIC).expect("the service").to_owned();
        self.id.get(&gate).await
    }

    /// The way in of a user who is signed in at the service, up to the page on the host.
    pub async fn enters(&mut self, path: &str) -> Answer {
        let passed = self.knocks(path).await;
        assert_eq!(passed.status, 303, "{passed:?}");
        let entered = self.at(self.path(passed.location())).await;
        assert_eq!(
            (entered.status, entered.location()),
            (303, format!("{}{path}", self.origin).as_str()),
            "{entered:?}"
        );
        entered
    }
}

/// A person who signed up, with a session at the host of `start`.
pub async fn inside(app: &TestApp, username: &str) -> Visitor {
    let mut visitor = Visitor::of(app.person(username).await, HOST);
    visitor.enters("/").await;
    visitor
}

/// The identity that an answer gives to the app.
pub fn identity(answer: &Answer) -> [&str; 6] {
    ["remote-user", "remote-email", "remote-name", "remote-groups", "remote-id", "remote-aal"].map(|name| {
        let values: Vec<_> = answer.header_all(name).collect();
        assert_eq!(values.len(), 1, "{name} in {answer:?}");
        values[0]
    })
}

/// Makes an app admit the members of a group, whom this names.
pub async fn admit(app: &TestApp, group: &str, members: &[&str]) {
    let statement = format!(
        "insert into groups (id, name) values (gen_random_uuid(), '{group}');
        insert into app_groups (app_id, group_id) select a.id, g.id from apps a, groups g where g.name = '{group}'"
    );
    app.execute(&statement).await;
    for member in members {
        let statement = format!(
            "insert into group_members (group_id, user_id)
            select g.id, u.id from groups g, users u where g.name = '{group}' and u.username = '{member}'"
        );
        app.execute(&statement).await;
    }
}
