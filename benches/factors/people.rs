//! Accounts that stand before their second step, put there behind the service's back.

use std::{net::SocketAddr, path::Path};

use crate::parts::client::{Connection, get, post};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sqlx::{Connection as _, PgConnection};
use vestibule::{
    config::{Config, Environment, Secrets},
    crypto::sealing::SealingKeys,
    types::{SecretToken, UserId, random_bytes, random_uuid},
};

/// The key that seals the seeds.
pub const SECRET: &str = "a key for benches and for nothing else 0123456789";

/// Makes that many accounts, each with an authenticator app and a sign-in that waits for its code, and the
/// requests that bring those codes.
pub async fn before_their_code(database: &str, service: SocketAddr, count: usize) -> Vec<Vec<u8>> {
    let config =
        Config::read(Environment::of(vec![("VESTIBULE_SECRET".to_owned(), SECRET.to_owned())])).expect("settings");
    let secrets = Secrets::given_or_kept(&config.secrets, Path::new("unused")).expect("a key");
    let keys = SealingKeys::derive(&secrets);
    let mut connection = PgConnection::connect(database).await.expect("the database");
    let people: Vec<Person> = (0..count).map(|_| Person::new(&keys)).collect();
    insert(&mut connection, &people).await;
    let (cookie, token) = form_pass(service).await;
    // One moment for all: a code is good for a step before its own and one after.
    let now: i64 =
        sqlx::query_scalar("select extract(epoch from now())::int8").fetch_one(&mut connection).await.expect("now");
    let request = |person: &Person| {
        let cookies = format!("vestibule_csrf={cookie}; vestibule_pending={}", person.pending.reveal());
        let (mark, code) = (person.pending.mark(), code(&person.seed, now));
        post("/login/totp", &cookies, &[("csrf_token", token.as_str()), ("sign_in", &mark), ("code", &code)])
    };
    people.iter().map(request).collect()
}

struct Person {
    id: UserId,
    factor: uuid::Uuid,
    seed: [u8; 20],
    sealed: Vec<u8>,
    pending: SecretToken,
}

impl Person {
    fn new(keys: &SealingKeys) -> Self {
        let (id, factor, seed) = (UserId::random(), random_uuid(), random_bytes());
        let sealed = keys.seal(id, factor, &seed).expect("a sealed seed");
        Self { id, factor, seed, sealed, pending: SecretToken::random() }
    }
}

async fn insert(connection: &mut PgConnection, people: &[Person]) {
    let ids: Vec<_> = people.iter().map(|person| person.id.0).collect();
    let factors: Vec<_> = people.iter().map(|person| person.factor).collect();
    let seeds: Vec<_> = people.iter().map(|person| person.sealed.clone()).collect();
    let digests: Vec<_> = people.iter().map(|person| person.pending.digest().as_bytes().to_vec()).collect();
    for statement in [
        "insert into users (id, username, email, email_canonical, email_verified_at) \
            select id, left(translate(id::text, '-', ''), 32), id || '@example.com', id || '@example.com', now() \
            from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) as p (id, f, s, d)",
        "insert into password_credentials (user_id, password_hash, changed_at) \
            select id, '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA', '2026-01-01Z' \
            from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) as p (id, f, s, d)",
        "insert into totp_factors (id, user_id, name, seed, confirmed_at) select f, id, 'An app', s, now() \
            from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) as p (id, f, s, d)",
        "insert into pending_sign_ins (digest, user_id, credentials_version, remembered, failed_before, expires_at) \
            select d, id, 1, false, 0, now() + interval '10 minutes' \
            from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) as p (id, f, s, d)",
    ] {
        let query = sqlx::query(statement).bind(&ids).bind(&factors).bind(&seeds).bind(&digests);
        query.execute(&mut *connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    sqlx::query("vacuum analyze").execute(connection).await.expect("statistics");
}

/// A browser's cookie and token for the forms of this service.
async fn form_pass(service: SocketAddr) -> (String, String) {
    let mut connection = Connection::open(service, [127, 0, 2, 1].into()).await.expect("a connection");
    let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
    (page.cookie("vestibule_csrf").expect("a cookie"), page.form_token().expect("a token"))
}

/// RFC 6238, independent of the service's own.
fn code(seed: &[u8], now: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).expect("a key");
    mac.update(&(now / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().expect("four octets")) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
