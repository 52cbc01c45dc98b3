//! Accounts with a passkey each, and the answers that sign them in.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{
    authenticator::Authenticator,
    parts::client::{Connection, get, post},
};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use vestibule::{
    config::{PublicUrl, Site},
    features::passkeys::model::relying_party,
    types::UserId,
};

/// Below the challenges that one network may ask for at once.
const NEIGHBOURS: usize = 150;

/// Makes that many accounts, each with a passkey whose owner was just asked for it, and the requests that
/// answer.
pub async fn before_their_answer(database: &str, service: SocketAddr, count: usize) -> Vec<Vec<u8>> {
    let origin = format!("http://localhost:{}", service.port());
    let mut connection = PgConnection::connect(database).await.expect("the database");
    let mut authenticators = Vec::with_capacity(count);
    for chunk in 0..count.div_ceil(NEIGHBOURS) {
        let people: Vec<_> =
            (chunk * NEIGHBOURS..count.min((chunk + 1) * NEIGHBOURS)).map(|n| person(&origin, n)).collect();
        insert(&mut connection, &people).await;
        authenticators.extend(people.into_iter().map(|person| person.authenticator));
    }
    sqlx::query("vacuum analyze").execute(&mut connection).await.expect("statistics");
    let mut requests = Vec::with_capacity(count);
    for (home, neighbours) in (1..).zip(authenticators.chunks_mut(NEIGHBOURS)) {
        let from = Ipv4Addr::new(127, 0, 4, home);
        let mut connection = Connection::open(service, from).await.expect("a connection");
        let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
        let cookie = page.cookie("vestibule_csrf").expect("a cookie");
        let (cookie, token) = (format!("vestibule_csrf={cookie}"), page.form_token().expect("a token"));
        for authenticator in neighbours {
            let asked = post("/login/passkey/options", &cookie, &[("csrf_token", &token)]);
            let answer = connection.answer(&asked).await.expect("options");
            let options: Value = serde_json::from_str(&answer.body()).expect("options in JSON");
            let ceremony = answer.cookie("vestibule_ceremony").expect("a ceremony");
            let cookies = format!("{cookie}; vestibule_ceremony={ceremony}");
            let fields = [("csrf_token", token.as_str()), ("credential", &authenticator.get(&options))];
            requests.push(post("/login/passkey", &cookies, &fields));
        }
    }
    requests
}

struct Person {
    id: UserId,
    name: String,
    authenticator: Authenticator,
    credential: Value,
}

/// Somebody whose passkey was made as the service makes one.
fn person(origin: &str, n: usize) -> Person {
    let public_url = PublicUrl::parse(origin).expect("a public URL");
    let site = Site { name: "Vestibule".into(), public_url, support_url: None };
    let webauthn = relying_party(&site).expect("a relying party");
    let (id, name) = (UserId::random(), format!("keeper{n}"));
    let (options, kept) = webauthn.start_passkey_registration(id.0, &name, &name, None).expect("a challenge");
    let mut authenticator = Authenticator::at(origin);
    let answer = authenticator.create(&serde_json::to_value(&options.public_key).expect("options"));
    let answer = serde_json::from_str(&answer).expect("an answer");
    let passkey = webauthn.finish_passkey_registration(&answer, &kept).expect("a passkey");
    Person { id, name, authenticator, credential: serde_json::to_value(passkey).expect("JSON") }
}

async fn insert(connection: &mut PgConnection, people: &[Person]) {
    let ids: Vec<_> = people.iter().map(|person| person.id.0).collect();
    let names: Vec<_> = people.iter().map(|person| person.name.clone()).collect();
    let keys: Vec<_> = people.iter().map(|person| person.authenticator.credential_id.clone()).collect();
    let credentials: Vec<_> = people.iter().map(|person| person.credential.clone()).collect();
    for statement in [
        "insert into users (id, username, email, email_canonical, email_verified_at) \
            select id, n, n || '@example.com', n || '@example.com', now() \
            from unnest($1::uuid[], $2::text[], $3::bytea[], $4::jsonb[]) as p (id, n, k, c)",
        "insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up) \
            select gen_random_uuid(), id, 'A key', k, c, false, false \
            from unnest($1::uuid[], $2::text[], $3::bytea[], $4::jsonb[]) as p (id, n, k, c)",
    ] {
        let query = sqlx::query(statement).bind(&ids).bind(&names).bind(&keys).bind(&credentials);
        query.execute(&mut *connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}
