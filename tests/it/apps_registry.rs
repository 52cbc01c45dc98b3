//! The registry of apps, as an operator meets it: the real program.

use std::sync::Arc;

use sqlx::{PgPool, postgres::PgPoolOptions};
use vestibule::{
    apps,
    audit::Recorder,
    features::apps::{self as registry, AppError},
    types::{AppToken, TokenKind},
};

use crate::support::{
    app::{NO_MAIL, TestApp},
    cluster::{TestDatabase, fresh_database},
    process::{Program, said},
    race::race,
};

/// Someone at the command line, with a database of their own.
pub struct Operator {
    pub program: Program,
    pub db: PgPool,
    pub database: TestDatabase,
}

impl Operator {
    pub async fn new() -> Self {
        let database = fresh_database().await;
        let mut program = Program::new(&[
            ("DATABASE_URL", &database.url),
            ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
            ("VESTIBULE_PUBLIC_URL", "https://id.example.com"),
        ]);
        for (name, value) in NO_MAIL {
            program.set(name, value);
        }
        let db = PgPoolOptions::new().max_connections(8).connect_with(database.options.clone()).await.expect("a pool");
        Self { program, db, database }
    }

    /// Runs a command that works, and returns what it said.
    pub async fn ok(&self, arguments: &[&str]) -> String {
        let output = self.program.run(&[&["app"], arguments].concat()).await;
        let (out, err) = said(&output);
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        out
    }

    /// Runs a command that refuses, and returns why.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.program.run(&[&["app"], arguments].concat()).await;
        let (out, err) = said(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {out}{err}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
        err
    }

    pub async fn one(&self, query: &str) -> String {
        let query = format!("select coalesce(({query})::text, 'null')");
        sqlx::query_scalar(&query).fetch_one(&self.db).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    pub async fn execute(&self, statement: &str) {
        sqlx::query(statement).execute(&self.db).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Adds a group.
    pub async fn group(&self, name: &str) {
        self.execute(&format!("insert into groups (id, name) values (gen_random_uuid(), '{name}')")).await;
    }

    /// Everything that a dump of the database holds.
    pub async fn dump(&self) -> String {
        let tables: Vec<String> =
            sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
                .fetch_all(&self.db)
                .await
                .expect("the tables");
        let mut dump = String::new();
        for table in tables {
            dump += &self.one(&format!("select string_agg(t::text, ' ') from {table} t")).await;
        }
        dump
    }

    pub fn recorder(&self) -> Recorder {
        Recorder::for_cli(self.db.clone())
    }
}

/// The secret that a command printed.
pub fn secret(out: &str) -> AppToken {
    let begin = out.find("vs_").unwrap_or_else(|| panic!("no secret in {out}"));
    AppToken::parse(TokenKind::Secret, &out[begin..begin + 46]).expect("a secret")
}

const REDIRECT: [&str; 2] = ["--redirect", "https://wiki.example/cb"];

#[tokio::test]
async fn an_app_is_added_and_everything_to_paste_is_printed() {
    let operator = Operator::new().await;
    let url = "https://grafana.example.com";
    let out = operator.ok(&["add", "Grafana", "--recipe", "grafana", "--url", url]).await;
    let secret = secret(&out);
    for line in [
        "https://id.example.com/.well-known/openid-configuration",
        "auth_url = https://id.example.com/oauth/authorize",
        "token_url = https://id.example.com/oauth/token",
        "client_id = grafana",
        "https://grafana.example.com/login/generic_oauth",
        "untried",
        &format!("client_secret = {}", secret.reveal()),
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
    let mut connection = operator.db.acquire().await.expect("a connection");
    let app = apps::find(&mut connection, "grafana").await.expect("an answer").expect("an app");
    assert!(app.has_secret(&secret.digest()) && app.secrets.len() == 1);
    assert!(app.id_token_claims && app.requires_pkce() && app.redirects_to(&format!("{url}/login/generic_oauth")));
    assert!(operator.refused(&["add", "Grafana", "--recipe", "grafana", "--url", url]).await.contains("grafana"));
    assert!(operator.refused(&["add", "Files", "--recipe", "nextcloud"]).await.contains("needs --url"));
    assert!(operator.refused(&["add", "위키", "--redirect", "https://wiki.example/cb"]).await.contains("--id"));
    assert!(operator.ok(&["add", "위키", "--id", "wiki", REDIRECT[0], REDIRECT[1]]).await.contains("위키"));
    let recipes = operator.ok(&["recipes"]).await;
    assert!(recipes.lines().count() > 20 && recipes.contains("grafana"), "{recipes}");
}

#[tokio::test]
async fn row_2_wildcards_and_addresses_with_two_readings_cannot_be_registered() {
    let operator = Operator::new().await;
    operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await;
    for uri in [
        "https://*.example/cb",
        "https://app.example/*",
        "https://app.example/cb/../x",
        "https://app@evil.example/cb",
        "https://evil\\@app.example/cb",
        "https://app.example/cb#x",
        "http://app.example/cb",
        "/cb",
        "",
    ] {
        let said = operator.refused(&["add", "Evil", "--redirect", uri]).await;
        assert!(said.contains("redirects"), "{uri}: {said}");
        for kind in ["redirect", "post-logout", "origin"] {
            operator.refused(&["redirect", "add", "wiki", uri, "--kind", kind]).await;
        }
    }
    assert_eq!(operator.one("select count(*) from app_addresses").await, "1");
    assert_eq!(operator.one("select count(*) from apps").await, "1");
}

#[tokio::test]
async fn row_3_an_address_is_matched_byte_by_byte_and_nothing_is_learnt() {
    let operator = Operator::new().await;
    operator.ok(&["add", "App", "--redirect", "https://app.example.com/cb"]).await;
    let app = registry::find(&operator.recorder(), "app").await.expect("an app");
    assert!(app.redirects_to("https://app.example.com/cb"));
    for uri in ["https://appaexample.com/cb", "https://app.example.com/cb/", "https://app.example.com/cb?x", ""] {
        assert!(!app.redirects_to(uri), "{uri}");
    }
    assert_eq!(operator.one("select string_agg(uri, ' ') from app_addresses").await, "https://app.example.com/cb");
}

#[tokio::test]
async fn row_4_schemes_that_browsers_run_cannot_be_registered() {
    let operator = Operator::new().await;
    for uri in ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "JAVASCRIPT:alert(1)"] {
        for kind in [&["--public"][..], &[]] {
            let said = operator.refused(&[&["add", "Evil", "--redirect", uri], kind].concat()).await;
            assert!(said.contains("redirects"), "{uri}: {said}");
        }
        operator.refused(&["add", "Evil", REDIRECT[0], REDIRECT[1], "--post-logout", uri]).await;
        operator.refused(&["add", "Evil", REDIRECT[0], REDIRECT[1], "--backchannel", uri]).await;
    }
    assert_eq!(operator.one("select count(*) from apps").await, "0");
}

#[tokio::test]
async fn a_kind_needs_what_it_needs_and_has_nothing_else() {
    let operator = Operator::new().await;
    for (arguments, field) in [
        (&["add", "a"][..], "redirects"),
        (&["add", "a", "--public"], "redirects"),
        (&["add", "a", "--public", "--redirect", "http://localhost/cb", "--require-pkce=no"], "require_pkce"),
        (&["add", "a", "--service", "--redirect", "https://a.example/cb"], "redirects"),
        (&["add", "a", "--service", "--scope", "openid"], "scopes"),
        (&["add", "a", "--service", "--scope", "a b"], "scopes"),
        (&["add", "a", "--service", "--trusted"], "trusted"),
        (&["add", "a", "--proxy", "https://a.example/x"], "gates"),
        (&["add", "a", "--proxy", "https://a.example", "--jwt"], "jwt"),
        (&["add", "a", "--proxy", "https://a.example", "--redirect", "https://a.example/cb"], "redirects"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--preflight"], "preflight"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--scope", "admin"], "scopes"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--resource", "https://a.example/#x"], "resources"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--resource", "relative"], "resources"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--id", "a b"], "id"),
        (&["add", "a", REDIRECT[0], REDIRECT[1], "--group", "nobody"], "groups"),
        (&["add", "a\u{202e}b", REDIRECT[0], REDIRECT[1]], "name"),
    ] {
        let said = operator.refused(arguments).await;
        assert!(said.contains(&format!("vestibule: {field}: ")), "{arguments:?}: {said}");
    }
    assert_eq!(operator.one("select count(*) from apps").await, "0");
    assert!(operator.ok(&["add", "Job", "--service", "--scope", "reports:read"]).await.contains("vs_"));
    let phone = operator.ok(&["add", "Phone", "--public", "--redirect", "com.example.app:/cb"]).await;
    assert!(!phone.contains("vs_"), "{phone}");
    operator.ok(&["add", "Tools", "--proxy", "https://tools.example", "https://more.example", "--min-aal", "2"]).await;
    let said = operator.refused(&["add", "Other", "--proxy", "https://more.example"]).await;
    assert!(said.contains("gates") && said.contains("another app"), "{said}");
    let kinds =
        "select string_agg(client_id || ' ' || kind || ' ' || auth || ' ' || pkce, ', ' order by kind) from apps";
    let wanted = "tools proxy none required, phone public none required, job service secret offered";
    assert_eq!(operator.one(kinds).await, wanted);
}

#[tokio::test]
async fn row_49_what_an_update_does_not_name_stays_as_it_is_and_that_is_said() {
    let operator = Operator::new().await;
    operator.group("staff").await;
    let arguments = ["add", "Wiki", REDIRECT[0], REDIRECT[1], "--group", "staff", "--min-aal", "2", "--alg", "ES256"];
    operator.ok(&arguments).await;
    let rest = "select to_jsonb(a) - 'consent' from apps a";
    let (before, secrets) = (operator.one(rest).await, operator.one("select count(*) from app_secrets").await);
    let out = operator.ok(&["set", "wiki", "--trusted"]).await;
    assert_eq!(out, "Changed wiki:\n  trusted: no -> yes\nEverything else is unchanged.\n");
    assert_eq!(operator.one("select consent from apps").await, "trusted");
    assert!(operator.ok(&["set", "wiki", "--trusted"]).await.contains("nothing changed"));
    assert_eq!(operator.one(rest).await, before);
    assert_eq!(operator.one("select count(*) from app_secrets").await, secrets);
    assert_eq!(operator.one("select count(*) from app_groups").await, "1");
    assert_eq!(operator.one("select count(*) from app_addresses").await, "1");
    let out = operator.ok(&["group", "remove", "wiki", "staff"]).await;
    assert!(out.contains("groups: removed staff") && out.contains("now admits everyone"), "{out}");
    assert!(operator.refused(&["redirect", "remove", "wiki", REDIRECT[1]]).await.contains("at least one"));
}

#[tokio::test]
async fn row_51_no_command_shows_a_secret_again_and_no_dump_holds_one() {
    let operator = Operator::new().await;
    let first = secret(&operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await);
    let second = secret(&operator.ok(&["secret", "add", "wiki"]).await);
    for command in
        [&["show", "Wiki"][..], &["show", "wiki"], &["list"], &["secret", "list", "wiki"], &["check", "wiki"]]
    {
        let output = operator.program.run(&[&["app"], command].concat()).await;
        let (out, err) = said(&output);
        for secret in [&first, &second] {
            assert!(!out.contains(&secret.reveal()[3..20]) && !err.contains(&secret.reveal()[3..20]), "{out}{err}");
        }
        assert!(!out.contains("vs_"), "{out}");
    }
    let shown = operator.ok(&["show", "wiki"]).await;
    assert!(shown.contains(first.hint()) && shown.contains(second.hint()), "{shown}");
    assert!(shown.contains("PKCE           required once a verifier is redeemed"), "{shown}");
    let dump = operator.dump().await;
    assert!(dump.contains("app_secret_issued") && !dump.contains("vs_"), "{dump}");
    assert!(!dump.contains(&first.reveal()[3..20]), "{dump}");
}

#[tokio::test]
async fn an_app_has_at_most_two_secrets_so_that_the_new_one_is_deployed_before_the_old_one_goes() {
    let operator = Operator::new().await;
    let first = secret(&operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await);
    let second = secret(&operator.ok(&["secret", "add", "wiki"]).await);
    let said = operator.refused(&["secret", "add", "wiki"]).await;
    assert!(said.contains("two secrets already") && said.contains(first.hint()), "{said}");
    assert!(operator.refused(&["secret", "revoke", "wiki", "....",]).await.contains("no secret"));
    operator.ok(&["secret", "revoke", "wiki", first.hint()]).await;
    let app = registry::find(&operator.recorder(), "wiki").await.expect("an app");
    assert!(app.has_secret(&second.digest()) && !app.has_secret(&first.digest()));
    operator.ok(&["add", "Phone", "--public", "--redirect", "http://127.0.0.1/cb"]).await;
    assert!(operator.refused(&["secret", "add", "phone"]).await.contains("has no secrets"));
}

#[tokio::test]
async fn secrets_that_are_issued_at_the_same_moment_are_never_three() {
    let operator = Operator::new().await;
    operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await;
    let by = Arc::new(operator.recorder());
    let issued = race(8, |_| {
        let by = Arc::clone(&by);
        async move { registry::issue_secret(&by, "wiki").await }
    })
    .await;
    assert_eq!(issued.iter().filter(|issued| issued.is_ok()).count(), 1, "{issued:?}");
    let refused = |issued: &&Result<AppToken, AppError>| matches!(issued, Err(AppError::TwoSecrets(..)));
    assert_eq!(issued.iter().filter(refused).count(), 7, "{issued:?}");
    assert_eq!(operator.one("select count(*) from app_secrets").await, "2");
}

#[tokio::test]
async fn the_database_refuses_a_third_secret_whoever_writes_it() {
    let operator = Operator::new().await;
    operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await;
    let inserted = race(6, |n| {
        let db = operator.db.clone();
        async move {
            let secret = "insert into app_secrets (id, app_id, digest, hint)
                select gen_random_uuid(), id, sha256($1::text::bytea), 'hint' from apps";
            sqlx::query(secret).bind(n.to_string()).execute(&db).await
        }
    })
    .await;
    assert_eq!(inserted.iter().filter(|done| done.is_ok()).count(), 1, "{inserted:?}");
}

#[tokio::test]
async fn a_group_that_is_deleted_at_the_same_moment_never_opens_an_app_to_everyone() {
    let operator = Operator::new().await;
    for round in 0..8 {
        let group = format!("group-{round}");
        operator.group(&group).await;
        let (by, db) = (operator.recorder(), operator.db.clone());
        let mut app = apps::registry::Registration::draft(apps::AppKind::Web, &format!("app-{round}"), "App");
        app.redirects = vec![REDIRECT[1].to_owned()];
        app.groups = vec![group.clone()];
        let app = registry::Checked::new(app).expect("a registration");
        let done = race(2, |n| {
            let (by, db, app, group) = (by.clone(), db.clone(), app.clone(), group.clone());
            async move {
                if n == 0 {
                    return registry::add(&by, &app).await.is_ok();
                }
                sqlx::query("delete from groups where name = $1").bind(group).execute(&db).await.is_ok()
            }
        })
        .await;
        assert_ne!(done[0], done[1], "round {round}: one of them won");
    }
    let open = "select count(*) from apps a where not exists (select 1 from app_groups g where g.app_id = a.id)";
    assert_eq!(operator.one(open).await, "0");
}

/// Gives an app a grant of its own and one that has expired.
const GRANTS: &str = "insert into grants (id, app_id, scopes, expires_at)
    select gen_random_uuid(), id, '{}', now() + span from apps, unnest(array[interval '1 hour', interval '-1 hour']) span";

#[tokio::test]
async fn disabling_an_app_ends_its_grants_in_the_same_transaction_and_every_replica_notices() {
    let operator = Operator::new().await;
    operator.ok(&["add", "Wiki", REDIRECT[0], REDIRECT[1]]).await;
    operator.execute(GRANTS).await;
    let app = TestApp::on(operator.database.options.clone(), &[]).await;
    let find = async |app: &TestApp| {
        let mut connection = app.state.db.acquire().await.expect("a connection");
        apps::find(&mut connection, "wiki").await.expect("an answer").expect("an app")
    };
    assert!(find(&app).await.is_enabled());
    assert_eq!(operator.ok(&["disable", "Wiki"]).await, "Disabled wiki and ended 1 grant.\n");
    assert!(!find(&app).await.is_enabled());
    let ended = "select count(*) from grants where ended_because = 'app' and ended_at is not null";
    assert_eq!(operator.one(ended).await, "2");
    operator.ok(&["enable", "wiki"]).await;
    assert!(find(&app).await.is_enabled());
    assert_eq!(operator.one(ended).await, "2", "none comes back");
    operator.execute(GRANTS).await;
    assert_eq!(operator.ok(&["remove", "wiki"]).await, "Removed wiki and ended 1 grant.\n");
    for table in ["apps", "app_addresses", "app_secrets", "grants"] {
        assert_eq!(operator.one(&format!("select count(*) from {table}")).await, "0", "{table}");
    }
    let kinds = "select string_agg(kind || ' ' || (detail ->> 'client_id') || ' ' || actor_kind, ', ' order by seq)
        from audit_events where kind like 'app\\_%'";
    let wanted = "app_added wiki cli, app_secret_issued wiki cli, app_disabled wiki cli, app_enabled wiki cli, \
                  app_removed wiki cli";
    assert_eq!(operator.one(kinds).await, wanted);
    assert!(operator.refused(&["show", "wiki"]).await.contains("no app called wiki"));
}
