//! Ends access tokens directly in the database: by ending the grant, or by removing the user from the app's group.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;
use vestibule::types::{AppToken, TokenKind, random_uuid};

use super::Ended;
use crate::parts::client::Connection;

/// Statements that end a token of the user with this id.
pub const WAYS: [(&str, &str); 2] = [
    ("a revoked grant", "update grants set ended_at = now(), ended_because = 'revoked' where user_id = $1"),
    ("a lost group", "delete from group_members where user_id = $1"),
];

/// An app that admits one group.
const APP: &str = "
    insert into groups (id, name) values (md5('group')::uuid, 'staff') on conflict do nothing;
    insert into apps (id, client_id, kind, name, auth, pkce, scopes)
        values (md5('app')::uuid, 'bench', 'web', 'A bench', 'secret', 'offered', '{openid}') on conflict do nothing;
    insert into app_groups (app_id, group_id) values (md5('app')::uuid, md5('group')::uuid) on conflict do nothing";

/// Inserts a user with a session, a grant and a token.
const PERSON: [&str; 6] = [
    "insert into users (id, username, email, email_canonical, email_verified_at)
        select $1, left(translate($1::text, '-', ''), 32), $1 || '@example.com', $1 || '@example.com', now() where $2 is not null",
    "insert into group_members (group_id, user_id) select md5('group')::uuid, $1 where $2::bytea is not null",
    "insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at)
        select $1, $1, $1::text, 1, '{pwd}', '127.0.0.1', '', false, now() + interval '1 hour', now() + interval '1 hour'
        where $2::bytea is not null",
    "insert into tower_sessions.session (id, data, expiry_date)
        select $1::text, '', now() + interval '1 hour' where $2::bytea is not null",
    "insert into grants (id, app_id, user_id, session_id, sid, scopes, aal, amr, authenticated_at, expires_at)
        select $1, md5('app')::uuid, $1, $1, $1, '{openid}', 1, '{pwd}', now(), now() + interval '1 hour'
        where $2::bytea is not null",
    "insert into access_tokens (digest, grant_id, scopes, expires_at) values ($2, $1, '{openid}', now() + interval '10 minutes')",
];

/// Ends tokens one by one; polls `second` until it refuses each.
pub async fn end_tokens(database: &str, second: SocketAddr, way: &str, times: usize) -> Vec<Ended> {
    let mut connection = PgConnection::connect(database).await.expect("the database");
    sqlx::raw_sql(APP).execute(&mut connection).await.expect("an app");
    let mut all = Vec::with_capacity(times);
    for _ in 0..times {
        let (person, token) = (random_uuid(), AppToken::random(TokenKind::Access));
        for statement in PERSON {
            let digest = token.digest();
            let query = sqlx::query(statement).bind(person).bind(digest.as_bytes());
            query.execute(&mut connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        all.push(end_token(&mut connection, second, way, person, &token).await);
    }
    all
}

async fn end_token(
    connection: &mut PgConnection,
    second: SocketAddr,
    way: &str,
    person: Uuid,
    token: &AppToken,
) -> Ended {
    let mut there = Connection::open(second, Ipv4Addr::new(127, 0, 2, 1)).await.expect("a connection");
    let bearer = format!("Authorization: Bearer {}", token.reveal());
    let asked = format!("GET /oauth/userinfo HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n\r\n").into_bytes();
    // From the database, then from the cache.
    for _ in 0..2 {
        assert_eq!(there.ask(&asked).await.expect("an answer"), 200);
    }
    let done = sqlx::query(way).bind(person).execute(connection).await.expect("the end");
    let answered = Instant::now();
    assert_eq!(done.rows_affected(), 1, "{way}");
    let mut seen = Ended { delay: Duration::ZERO, accepted: 0, accepted_here: 0 };
    while there.ask(&asked).await.expect("an answer") == 200 {
        (seen.delay, seen.accepted) = (answered.elapsed(), seen.accepted + 1);
        assert!(seen.delay < Duration::from_secs(10), "the token does not end");
    }
    seen
}
