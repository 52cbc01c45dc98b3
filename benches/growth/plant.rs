//! Rows for as many people as wanted, each a copy of what the service itself wrote for one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use sqlx::{Executor as _, PgConnection};
use tower_sessions::session::Id;
use vestibule::{
    types::{AppToken, TokenKind},
    web::{CookieId, store_id},
};

/// People whose sessions are asked for: as many in every database, spread over all of it.
pub const MEASURED: u32 = 10_000;

/// The cookie of one of them.
pub fn cookie(n: u32) -> Id {
    let digest = Sha256::digest(n.to_be_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Id(i128::from_le_bytes(half))
}

/// The access token of one of them.
pub fn token(n: u32) -> AppToken {
    let text = format!("va_{}", URL_SAFE_NO_PAD.encode(Sha256::digest(n.to_le_bytes())));
    AppToken::parse(TokenKind::Access, &text).expect("a token")
}

/// The name of one of them, in a database of `people`.
pub fn name(n: u32, people: u32) -> String {
    format!("person{}", n * (people / MEASURED))
}

/// Fills the database of a service in which one person, `template`, signed up and in, up to `people` people with a
/// password, a session, an event, a grant and three access tokens each.
pub async fn plant(connection: &mut PgConnection, people: u32) {
    // Rows that are copies of sound ones need not be judged by triggers, of which foreign keys are some.
    connection
        .execute("set synchronous_commit = off; set statement_timeout = 0; set session_replication_role = replica")
        .await
        .expect("settings");
    connection
        .execute("create temporary table measured (n bigint primary key, store_id text, token bytea)")
        .await
        .expect("a table");
    let step = i64::from(people / MEASURED);
    let (numbers, ids): (Vec<i64>, Vec<String>) = (0..MEASURED)
        .map(|n| (i64::from(n) * step, store_id(&CookieId::parse(&cookie(n).to_string()).expect("a cookie"))))
        .unzip();
    let tokens: Vec<Vec<u8>> = (0..MEASURED).map(|n| token(n).digest().as_bytes().to_vec()).collect();
    sqlx::query("insert into measured select * from unnest($1::bigint[], $2::text[], $3::bytea[])")
        .bind(numbers)
        .bind(ids)
        .bind(tokens)
        .execute(&mut *connection)
        .await
        .expect("the measured");
    connection.execute(APP).await.expect("an app");
    for first in (0..people).step_by(100_000) {
        let last = (first + 100_000).min(people) - 1;
        for (what, statement) in STATEMENTS {
            let statement = statement.replace("$numbers", &format!("generate_series({first}::bigint, {last}) n"));
            connection.execute(&*statement).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        if first % 1_000_000 == 0 && first > 0 {
            eprintln!("{first} of {people} are planted");
        }
    }
    connection.execute("vacuum (analyze, freeze)").await.expect("a vacuum");
    connection.execute("checkpoint").await.ok();
}

const APP: &str = "insert into apps (id, client_id, kind, name, auth, pkce, scopes)
    values (md5('app')::uuid, 'bench', 'web', 'A bench', 'secret', 'offered', '{openid,profile,email}')";

/// A row is the template's with other keys, so that columns of later versions need no change here.
const STATEMENTS: [(&str, &str); 7] = [
    (
        "users",
        "insert into users select made.*
         from (select * from users where username = 'template') t, $numbers,
             jsonb_populate_record(null::users, to_jsonb(t) || jsonb_build_object(
                 'id', md5('user' || n)::uuid, 'username', 'person' || n,
                 'email', 'person' || n || '@example.com', 'email_canonical', 'person' || n || '@example.com')) made",
    ),
    (
        "passwords",
        "insert into password_credentials select made.*
         from (select c.* from password_credentials c join users u on u.id = c.user_id where u.username = 'template') t,
             $numbers, jsonb_populate_record(null::password_credentials,
                 to_jsonb(t) || jsonb_build_object('user_id', md5('user' || n)::uuid)) made",
    ),
    (
        "sessions",
        "insert into sessions select made.*
         from (select s.* from sessions s join users u on u.id = s.user_id where u.username = 'template' limit 1) t,
             $numbers left join measured m using (n),
             jsonb_populate_record(null::sessions, to_jsonb(t) || jsonb_build_object(
                 'id', md5('session' || n)::uuid, 'user_id', md5('user' || n)::uuid, 'store_id', coalesce(m.store_id,
                     translate(rtrim(encode(decode(md5('store' || n), 'hex'), 'base64'), '='), '+/', '-_')))) made",
    ),
    (
        "the store's sessions",
        "insert into tower_sessions.session
         select coalesce(m.store_id, translate(rtrim(encode(decode(md5('store' || n), 'hex'), 'base64'), '='), '+/', '-_')),
             t.data, t.expiry_date
         from (select * from tower_sessions.session limit 1) t, $numbers left join measured m using (n)",
    ),
    (
        "grants",
        "insert into grants (id, app_id, user_id, session_id, sid, scopes, aal, amr, authenticated_at, expires_at)
         select md5('grant' || n)::uuid, md5('app')::uuid, md5('user' || n)::uuid, md5('session' || n)::uuid,
             md5('session' || n)::uuid, '{openid,profile,email}', 1, '{pwd}', now(), now() + interval '30 days'
         from $numbers",
    ),
    (
        "access tokens",
        "insert into access_tokens (digest, grant_id, scopes, expires_at)
         select coalesce(case k when 1 then m.token end, sha256(convert_to('token' || n || '-' || k, 'UTF8'))),
             md5('grant' || n)::uuid, '{openid,profile,email}', now() + interval '1 day'
         from $numbers left join measured m using (n), generate_series(1, 3) k",
    ),
    (
        "events",
        "insert into audit_events (at, kind, version, detail, actor_kind, user_id, address, user_agent)
         -- Not of the last hour, which the sweep reads: it cannot hold so many.
         select at - interval '2 hours', kind, version, detail, actor_kind, md5('user' || n)::uuid, address, user_agent
         from (select e.* from audit_events e join users u on u.id = e.user_id where u.username = 'template' limit 1) t,
             $numbers",
    ),
];

/// What a row costs on disk with its indexes: table, rows, octets a row, octets with indexes a row.
pub async fn sizes(connection: &mut PgConnection, people: u32) -> Vec<(String, f64, f64)> {
    let mut found = Vec::new();
    for table in [
        "users",
        "password_credentials",
        "sessions",
        "tower_sessions.session",
        "audit_events",
        "grants",
        "access_tokens",
    ] {
        let statement =
            format!("select pg_relation_size('{table}')::float8, pg_total_relation_size('{table}')::float8");
        let (bare, whole): (f64, f64) = sqlx::query_as(&statement).fetch_one(&mut *connection).await.expect("its size");
        found.push((table.to_owned(), bare / f64::from(people), whole / f64::from(people)));
    }
    found
}
