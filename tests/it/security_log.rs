//! What happens to accounts and around them, in the log: under the names that `docs/logging.md` gives, and
//! without a word about people.

use std::{collections::BTreeSet, fs, net::Ipv4Addr, path::Path};

use serde_json::Value;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    cluster::fresh_database,
    letters::{follow, mailed},
    process::{Program, Service},
    totp,
};

const NAME: &str = "canaryperson";
const EMAIL: &str = "canary.person@example.org";
const NEW: &str = "violet kettle marches";
const WRONG: &str = "a wrong canary battery";
const HOME: Ipv4Addr = Ipv4Addr::new(127, 88, 77, 66);
const AWAY: Ipv4Addr = Ipv4Addr::new(127, 88, 55, 44);

/// What a person cannot bring about in a few minutes, or nobody can while nothing is wrong.
const ELSEWHERE: [(&str, &str); 9] = [
    ("audit_broken", "of a trail that was tampered with"),
    ("audit_head", "of no request"),
    ("authn_passkey_copied", "of an authenticator that counts backwards"),
    ("authn_token_reuse", "of an app"),
    ("authz_fail", "of a page that only administrators have"),
    ("clock_skew", "of two clocks"),
    ("gate_refused", "of a proxy that asks about what no app has"),
    ("gate_ticket_refused", "of a ticket in the hands of others"),
    ("user_deleted", "of a job, days later"),
];
/// What is said before anybody showed whose account they mean.
const OF_NOBODY: [&str; 4] = ["authn_login_fail", "authn_recovery_asked", "csrf_refused", "excess_rate_limit_exceeded"];

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names in the first column of the table of events.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(root("docs/logging.md")).expect("docs/logging.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| `event` |")).skip(2);
    let names = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    names.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The names in the code below a folder.
fn written(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            written(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            // `account` and `session` of `src/audit/log.rs` take the name as their argument.
            for before in ["event = \"", "=> account(\"", "=> session(\"", "            session(\""] {
                let names = text.split(before).skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(names.map(str::to_owned));
            }
        }
    }
}

#[test]
fn the_manual_names_every_event_of_the_log_and_no_other() {
    let mut found = BTreeSet::new();
    written(&root("src"), &mut found);
    assert!(found.contains("authn_login_success"), "{found:?}");
    assert_eq!(documented(), found);
}

/// The whole way of one person, by a service of its own; `app` looks at its database.
struct Walk<'a> {
    service: &'a Service,
    app: &'a TestApp,
}

impl Walk<'_> {
    fn browser(&self) -> Browser {
        self.service.browser().at(HOME)
    }

    /// Somebody signs up, and shows in another browser that the address is theirs.
    async fn arrives(&self) -> Browser {
        let fields = [("username", NAME), ("email", EMAIL), ("password", PASSWORD)];
        assert_eq!(self.browser().submit("/register", &fields).await.location(), "/verify");
        let secret = mailed(self.app, EMAIL, "/verify", 0).await;
        let mut person = self.browser();
        assert_eq!(follow(&mut person, "/verify", &secret).await.status, 200);
        assert_eq!(person.submit("/verify", &[("password", WRONG)]).await.status, 422);
        assert_eq!(person.submit("/verify", &[("password", PASSWORD)]).await.location(), "/dashboard");
        person
    }

    /// Others try what they can.
    async fn is_attacked(&self, person: &mut Browser) {
        assert_eq!(sign_in(&mut self.browser(), EMAIL, WRONG).await.status, 422);
        let mut slowed = false;
        for _ in 0..12 {
            let mut stranger = self.service.browser().at(AWAY);
            slowed = slowed || sign_in(&mut stranger, "canarynobody", WRONG).await.status == 429;
        }
        assert!(slowed, "more than ten tries");
        assert_eq!(person.post("/logout", &[("csrf_token", "canarytoken")]).await.status, 403);
        assert_eq!(self.service.browser().at(AWAY).submit("/recover", &[("identifier", EMAIL)]).await.status, 303);
    }

    /// An app and recovery codes are added, and used, and the app is removed.
    async fn tries_a_second_factor(&self, person: &mut Browser) {
        let authenticator = totp::begin(person).await;
        let first = totp::confirm(person, &authenticator.now(self.app).await, "canary phone").await;
        assert_eq!(first.status, 200, "{first:?}");
        let codes = totp::recovery_codes(person).await;
        let mut others = Vec::new();
        for code in codes.iter().take(2) {
            let mut other = self.browser();
            assert_eq!(sign_in(&mut other, NAME, NEW).await.location(), "/login/totp");
            let wrong = authenticator.wrong(self.app).await;
            assert_eq!(other.submit("/login/totp", &[("code", &wrong)]).await.status, 422);
            assert_eq!(other.submit("/login/recovery-code", &[("code", code)]).await.location(), "/dashboard");
            others.push(other);
        }
        end(person, &mut others).await;
        // As if its first code had been used long ago.
        totp::later(self.app).await;
        let (wrong, right) = (authenticator.wrong(self.app).await, authenticator.now(self.app).await);
        for (code, status) in [(wrong, 422), (right, 303)] {
            assert_eq!(person.submit("/reauth/totp", &[("code", &code)]).await.status, status, "{code}");
        }
        assert_eq!(person.submit("/reauth/recovery-code", &[("code", &codes[2])]).await.status, 303);
        let id = self.one("select id::text from totp_factors").await;
        let token = person.csrf_token("/logout").await;
        let removed = person.post("/account/factors/totp/remove", &[("csrf_token", &token), ("factor", &id)]).await;
        assert_eq!(removed.status, 303, "{removed:?}");
    }

    async fn one(&self, query: &str) -> String {
        sqlx::query_scalar(query).fetch_one(&self.app.db).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }
}

/// Another password, and showing it again.
async fn change_the_password(person: &mut Browser) {
    for (current, status) in [(WRONG, 422), (PASSWORD, 303)] {
        let fields = [("current_password", current), ("password", NEW)];
        assert_eq!(person.submit("/account/password", &fields).await.status, status, "{current}");
    }
    for (password, status) in [(WRONG, 422), (NEW, 303)] {
        assert_eq!(person.submit("/reauth", &[("password", password)]).await.status, status, "{password}");
    }
}

/// One of the other sessions, then the rest.
async fn end(person: &mut Browser, others: &mut [Browser]) {
    let shown: Value = serde_json::from_str(&others[0].get("/api/v1/session").await.body).expect("JSON");
    let id = shown["session"]["id"].as_str().expect("an id").to_owned();
    let token = person.csrf_token("/logout").await;
    let one = person.post("/account/sessions/end", &[("csrf_token", &token), ("session", &id)]).await;
    assert_eq!(one.status, 303, "{one:?}");
    assert_eq!(person.post("/account/sessions/end-others", &[("csrf_token", &token)]).await.status, 303);
}

/// Signs out, and leaves for good.
async fn leave(person: &mut Browser) {
    let token = person.csrf_token("/logout").await;
    assert_eq!(person.post("/logout", &[("csrf_token", &token)]).await.status, 303);
    assert_eq!(sign_in(person, NAME, NEW).await.status, 303);
    assert!(is_signed_in(person).await);
    assert_eq!(person.submit("/account/delete", &[("understood", "yes")]).await.location(), "/login");
    let closing = sign_in(person, NAME, NEW).await;
    assert!(closing.status == 422 && closing.body.contains("about to be deleted"), "{closing:?}");
}

/// What the lines of one event say in one of their fields.
fn told(lines: &[Value], event: &str, field: &str) -> BTreeSet<String> {
    let lines = lines.iter().filter(|line| line["event"] == event);
    lines.filter_map(|line| line[field].as_str()).map(str::to_owned).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn asvs_16_3_1_everything_that_happens_to_an_account_is_a_line_of_the_log_and_names_nobody() {
    let database = fresh_database().await;
    let mut program = Program::new(&[
        ("DATABASE_URL", database.url.as_str()),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
        ("VESTIBULE_LOG", "debug"),
    ]);
    let service = program.serve().await;
    let app = TestApp::on(database.options.clone(), &[]).await;
    let walk = Walk { service: &service, app: &app };
    let mut person = walk.arrives().await;
    walk.is_attacked(&mut person).await;
    change_the_password(&mut person).await;
    walk.tries_a_second_factor(&mut person).await;
    leave(&mut person).await;
    let user_id = walk.one("select id::text from users").await;
    service.terminate().await;

    let log = fs::read_to_string(program.folder.path().join("log")).expect("the log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let elsewhere = set(&ELSEWHERE.map(|(name, _)| name));
    let of_requests = |line: &&Value| line["event"].as_str().is_some_and(|name| !elsewhere.contains(name));
    let events: Vec<Value> = lines.iter().filter(of_requests).cloned().collect();
    let seen: BTreeSet<String> = events.iter().filter_map(|line| line["event"].as_str()).map(str::to_owned).collect();
    assert_eq!(seen, documented().difference(&elsewhere).cloned().collect());
    for line in &events {
        assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
        let name = line["event"].as_str().unwrap_or_default();
        let nobody = line["user_id"].is_null() && OF_NOBODY.contains(&name);
        assert!(nobody || line["user_id"] == user_id.as_str(), "{line}");
    }
    assert_eq!(told(&events, "session_expired", "reason"), set(&["logout", "owner"]));
    let changes =
        ["deletion", "email verified", "recovery code used", "recovery codes made", "totp added", "totp removed"];
    assert_eq!(told(&events, "user_updated", "what"), set(&changes));
    // Refused by name, after a mailed link, twice after the password, and by an account that is closing.
    let refused: Vec<_> = events.iter().filter(|line| line["event"] == "authn_login_fail").collect();
    assert_eq!(refused.iter().filter(|line| !line["user_id"].is_null()).count(), 4, "{refused:?}");
    assert!(refused.iter().any(|line| line["user_id"].is_null()), "{refused:?}");
    assert_eq!(told(&events, "authn_login_fail", "network"), set(&["127.88.55.0/24", "127.88.77.0/24"]));
    let trail = "select count(*) from audit_events where kind = 'sign_in_failed' and user_id is not null";
    // At the confirmation, by name, and at the closed account.
    assert_eq!(app.count(trail).await, 3);
    // At both pages that ask for the current password.
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_mistyped'").await, 2);

    let home = HOME.to_string();
    let away = AWAY.to_string();
    for canary in ["canary", "example.org", "kettle", "battery", home.as_str(), away.as_str()] {
        let found: Vec<_> = log.lines().filter(|line| line.contains(canary)).collect();
        assert!(found.is_empty(), "{canary} in {found:#?}");
    }
}
