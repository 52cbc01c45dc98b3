//! The file of apps: what it says happens, all of it or nothing.

use vestibule::types::{AppToken, TokenKind};

use crate::{
    apps_registry::{Operator, secret},
    support::process::{free_address, said, write},
};

const FILE: &str = r#"
[apps.grafana]
recipe = "grafana"
url = "https://grafana.example.com"
groups = ["staff"]

[apps.wiki]
name = "Wiki"
redirects = ["https://wiki.example/cb"]
trusted = true

[apps.reports]
name = "Reports"
kind = "service"
scopes = ["reports:read"]

[apps."tools.example"]
name = "Tools"
kind = "proxy"
gates = ["https://tools.example"]
min_aal = 2
"#;

/// What a change of apps would change: every row with its version.
const ROWS: &str = "select md5(string_agg(t, ' ' order by t)) from (
    select a.xmin::text || a::text t from apps a union all select s::text from app_secrets s
    union all select a.xmin::text || a::text from app_addresses a union all select g::text from app_groups g
    union all select e::text from audit_events e where kind like 'app%') rows";

impl Operator {
    fn file(&self, name: &str, text: &str) -> String {
        write(self.program.folder.path(), name, text)
    }
}

#[tokio::test]
async fn a_file_applied_twice_changes_nothing_the_second_time() {
    let operator = Operator::new().await;
    operator.group("staff").await;
    operator.ok(&["add", "Other", "--redirect", "https://other.example/cb"]).await;
    let file = operator.file("apps.toml", FILE);
    let out = operator.ok(&["apply", &file]).await;
    assert_eq!(out.matches(": added\n").count(), 4, "{out}");
    assert_eq!(out.matches("vs_").count(), 3, "{out}");
    let rows = operator.one(ROWS).await;
    let again = operator.ok(&["apply", &file]).await;
    assert_eq!(again.matches(": unchanged\n").count(), 4, "{again}");
    assert!(!again.contains("vs_"), "{again}");
    assert_eq!(operator.one(ROWS).await, rows);
    // Others are left alone.
    assert_eq!(operator.one("select count(*) from apps").await, "5");
}

#[tokio::test]
async fn a_file_says_each_change_and_a_dry_run_makes_none() {
    let operator = Operator::new().await;
    operator.group("staff").await;
    operator.ok(&["apply", &operator.file("apps.toml", FILE)]).await;
    let changed = FILE.replace("trusted = true", "popup = true").replace("wiki.example/cb", "wiki.example/new");
    let changed =
        operator.file("changed.toml", &format!("{changed}\n[apps.new]\nname = \"New\"\nkind = \"service\"\n"));
    let rows = operator.one(ROWS).await;
    let dry = operator.ok(&["apply", &changed, "--dry-run"]).await;
    assert_eq!(operator.one(ROWS).await, rows);
    assert!(!dry.contains("vs_") && dry.contains("This was a dry run: nothing was changed."), "{dry}");
    let real = operator.ok(&["apply", &changed]).await;
    for line in [
        "wiki: changed",
        "trusted: yes -> no",
        "popup: no -> yes",
        "redirects: added https://wiki.example/new",
        "redirects: removed https://wiki.example/cb",
        "grafana: unchanged",
        "new: added",
    ] {
        assert!(dry.contains(line) && real.contains(line), "{line}: {dry}{real}");
    }
    assert_eq!(real.matches("vs_").count(), 1, "{real}");
}

#[tokio::test]
async fn row_49_a_line_that_is_missing_lets_nobody_in_and_that_is_said() {
    let operator = Operator::new().await;
    operator.group("staff").await;
    operator.ok(&["apply", &operator.file("apps.toml", FILE)]).await;
    operator.ok(&["disable", "wiki"]).await;
    let less = FILE.replace("groups = [\"staff\"]\n", "").replace("min_aal = 2\n", "");
    let out = operator.ok(&["apply", &operator.file("less.toml", &less)]).await;
    for line in [
        "groups: not in the file, so unchanged (staff)",
        "min_aal: not in the file, so unchanged (2)",
        "disabled: not in the file, so unchanged (yes)",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(operator.one("select count(*) from app_groups").await, "1");
    assert_eq!(operator.one("select min_aal from apps where kind = 'proxy'").await, "2");
    assert_eq!(operator.one("select disabled_at is not null from apps where client_id = 'wiki'").await, "true");
    let open = FILE.replace("groups = [\"staff\"]", "groups = []").replace("trusted = true", "disabled = false");
    let out = operator.ok(&["apply", &operator.file("open.toml", &open)]).await;
    assert!(out.contains("now admits everyone") && out.contains("disabled: yes -> no"), "{out}");
}

#[tokio::test]
async fn a_mistake_names_the_file_the_app_and_the_field_and_changes_nothing_at_all() {
    let operator = Operator::new().await;
    let good = "[apps.good]\nname = \"Good\"\nredirects = [\"https://good.example/cb\"]\n";
    operator.ok(&["apply", &operator.file("good.toml", good)]).await;
    operator.ok(&["add", "Gate", "--proxy", "https://gate.example"]).await;
    let rows = operator.one(ROWS).await;
    let redirect = "redirects = [\"https://z.example/cb\"]";
    for (text, wanted) in [
        ("name = \"Z\"\nredirects = [\"https://*.example\"]".to_owned(), "app z: redirects: "),
        (redirect.to_owned(), "app z: name: is missing"),
        (format!("name = \"Z\"\n{redirect}\nredirect = []"), "redirect"),
        // Row 44: nobody configures a claim.
        (format!("name = \"Z\"\n{redirect}\nclaims = {{ sub = \"admin\" }}"), "claims"),
        (format!("name = 5\n{redirect}"), "name"),
        (format!("name = \"Z\"\n{redirect}\nkind = \"other\""), "app z: kind: "),
        (format!("name = \"Z\"\n{redirect}\nkind = \"document\""), "app z: kind: "),
        (format!("name = \"Z\"\n{redirect}\nalg = \"none\""), "app z: alg: "),
        (format!("name = \"Z\"\n{redirect}\nmin_aal = 3"), "app z: min_aal: "),
        (format!("name = \"Z\"\n{redirect}\ngroups = [\"nobody\"]"), "app z: groups: "),
        (format!("name = \"Z\"\n{redirect}\nsecret_file = \"missing\""), "app z: secret_file: "),
        (format!("name = \"Z\"\n{redirect}\nsecret_file = \"weak\""), "app z: secret_file: "),
        ("recipe = \"../grafana\"".to_owned(), "app z: recipe: "),
        ("recipe = \"grafana\"".to_owned(), "app z: url: "),
        ("name = \"Z\"\nkind = \"proxy\"\ngates = [\"https://gate.example\"]".to_owned(), "app z: gates: "),
    ] {
        operator.file("weak", "hunter2\n");
        let good = good.replace("good.example/cb", "good.example/changed");
        let file = operator.file("bad.toml", &format!("{good}\n[apps.z]\n{text}\n"));
        for command in [&["apply", &file][..], &["apply", &file, "--dry-run"]] {
            let said = operator.refused(command).await;
            assert!(said.contains("bad.toml: app z: ") && said.contains(wanted), "{text}: {said}");
        }
        assert_eq!(operator.one(ROWS).await, rows, "{text}");
    }
    for (text, wanted) in [("[apps", "line 1"), ("[app.z]\nname = \"Z\"", "app is not known"), ("apps = 1", "[apps.")] {
        let said = operator.refused(&["apply", &operator.file("bad.toml", text)]).await;
        assert!(said.contains("bad.toml") && said.contains(wanted), "{text}: {said}");
    }
    let kind = operator.file("kind.toml", "[apps.good]\nname = \"Good\"\nkind = \"service\"\n");
    assert!(operator.refused(&["apply", &kind]).await.contains("app good: kind: it is a web app"));
    assert!(operator.refused(&["apply", "nowhere.toml"]).await.contains("cannot read the file of apps nowhere.toml"));
}

#[tokio::test]
async fn secrets_in_files_are_added_replaced_and_revoked_as_the_file_says() {
    let operator = Operator::new().await;
    let app = |files: &str| {
        format!("[apps.wiki]\nname = \"Wiki\"\nredirects = [\"https://w.example\"]\nsecret_file = {files}\n")
    };
    let secrets: Vec<_> = (0..2).map(|_| AppToken::random(TokenKind::Secret)).collect();
    for (n, secret) in secrets.iter().enumerate() {
        operator.file(&format!("secret-{n}"), &format!("{}\n", secret.reveal()));
    }
    let hints = "select string_agg(hint, ' ' order by created_at, hint) from app_secrets";
    for (files, live) in
        [("\"secret-0\"", vec![0]), ("[\"secret-0\", \"secret-1\"]", vec![0, 1]), ("\"secret-1\"", vec![1])]
    {
        let file = operator.file("apps.toml", &app(files));
        let out = operator.ok(&["apply", &file]).await;
        assert!(!out.contains("vs_") && out.contains("secret: "), "{out}");
        let wanted: Vec<_> = live.iter().map(|n: &usize| secrets[*n].hint()).collect();
        assert_eq!(operator.one(hints).await, wanted.join(" "), "{files}");
        assert!(operator.ok(&["apply", &file]).await.contains("wiki: unchanged"));
    }
    assert!(!operator.dump().await.contains("vs_"));
}

#[tokio::test]
async fn the_service_applies_its_file_at_the_start_and_logs_no_secret() {
    let mut operator = Operator::new().await;
    operator.group("staff").await;
    let file = operator.file("apps.toml", FILE);
    operator.program.set("VESTIBULE_APPS_FILE", file);
    for _ in 0..2 {
        operator.program.serve().await.terminate().await;
    }
    let log = std::fs::read_to_string(operator.program.folder.path().join("log")).expect("the log");
    assert!(log.contains("added an app of VESTIBULE_APPS_FILE") && !log.contains("vs_"), "{log}");
    assert!(log.contains("`vestibule app secret add wiki` prints one"), "{log}");
    assert!(!log.contains("is not a setting"), "{log}");
    let (doctor, _) = said(&operator.program.run(&["doctor"]).await);
    assert!(doctor.contains("VESTIBULE_APPS_FILE describes 4 apps") && !doctor.contains("not a setting"), "{doctor}");
    assert_eq!(operator.one("select count(*) from apps").await, "4");
    assert_eq!(operator.one("select count(*) from app_secrets").await, "0");
    assert_eq!(
        operator.one("select count(*) from audit_events where kind = 'app_added' and actor_kind = 'system'").await,
        "4"
    );
    assert!(secret(&operator.ok(&["secret", "add", "wiki"]).await).reveal().starts_with("vs_"));
}

#[tokio::test]
async fn a_mistake_in_the_file_stops_the_start_with_the_reason() {
    let mut operator = Operator::new().await;
    let file = operator.file("apps.toml", &FILE.replace("https://wiki.example/cb", "javascript:alert(1)"));
    operator.program.set("VESTIBULE_APPS_FILE", file);
    let service = operator.program.start_at(free_address());
    let log = operator.program.folder.path().join("log");
    assert_eq!(service.ended().await.code(), Some(1));
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(log.contains("apps.toml: app wiki: redirects: "), "{log}");
    assert!(log.contains("VESTIBULE_APPS_FILE was not applied"), "{log}");
    assert_eq!(operator.one("select count(*) from apps").await, "0");
    let doctor = operator.program.run(&["doctor"]).await;
    assert_eq!(doctor.status.code(), Some(1));
    assert!(said(&doctor).0.contains("wrong  ") && said(&doctor).0.contains("app wiki: redirects: "), "{doctor:?}");
}

#[tokio::test]
async fn replicas_that_start_at_once_apply_the_same_file_once() {
    let mut operator = Operator::new().await;
    operator.group("staff").await;
    let file = operator.file("apps.toml", FILE);
    operator.program.set("VESTIBULE_APPS_FILE", file);
    let mut services: Vec<_> = (0..3).map(|_| operator.program.start_at(free_address())).collect();
    for service in &mut services {
        while !service.is_ready().await {
            assert!(!service.has_ended(), "{}", service.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    for service in services {
        service.terminate().await;
    }
    assert_eq!(operator.one("select count(*) from audit_events where kind = 'app_added'").await, "4");
}
