//! What the replicas acknowledged, and whether it is there.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use sqlx::Row as _;

use crate::{house::House, support::browser::Browser};

/// What a replica said of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    No,
    Yes,
    /// It was asked to end it, and nobody knows what became of that.
    Perhaps,
}

/// One person, as far as it was told about.
#[derive(Clone, Debug, Default)]
struct Person {
    /// Through the form, so that a letter was promised.
    registered: bool,
    verified: bool,
    /// What the display name may be; one after an acknowledgement, more after a change without one.
    names: Vec<String>,
    sessions: Vec<(Browser, Ended)>,
}

/// Everything that was acknowledged.
#[derive(Default)]
pub struct Ledger(Mutex<BTreeMap<String, Person>>);

/// What the look at the database found.
#[derive(Debug, Default)]
pub struct Found {
    pub acknowledged: u64,
    pub lost: Vec<String>,
    /// Sessions that were ended and are not.
    pub revived: Vec<String>,
}

impl Ledger {
    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Person) -> T) -> T {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(people.entry(name.to_owned()).or_default())
    }

    pub fn registered(&self, name: &str) {
        self.with(name, |person| person.registered = true);
    }

    pub fn verified(&self, name: &str) {
        self.with(name, |person| person.verified = true);
    }

    /// A session was opened in this browser.
    pub fn signed_in(&self, name: &str, browser: &Browser) {
        self.with(name, |person| person.sessions.push((browser.clone(), Ended::No)));
    }

    /// This browser's session was asked to end.
    pub fn signed_out(&self, name: &str, browser: &Browser, ended: Ended) {
        self.with(name, |person| {
            let cookie = browser.cookies.get("vestibule");
            for (known, state) in &mut person.sessions {
                if known.cookies.get("vestibule") == cookie {
                    *state = ended;
                }
            }
        });
    }

    /// Whose sessions were looked at already.
    pub fn forget_sessions(&self, start: &str) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|name, _| !name.starts_with(start));
    }

    /// The display name was asked to become this one.
    pub fn named(&self, name: &str, display_name: &str, acknowledged: bool) {
        self.with(name, |person| {
            if acknowledged {
                person.names.clear();
            } else if person.names.is_empty() {
                person.names.push(String::new());
            }
            person.names.push(display_name.to_owned());
        });
    }

    /// Everybody who was told that they have an account, and to look for a letter.
    pub fn registered_ones(&self) -> Vec<String> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.iter().filter(|(_, person)| person.registered).map(|(name, _)| name.clone()).collect()
    }

    /// Holds everything against the database and both replicas.
    pub async fn check(&self, house: &House) -> Found {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut connection = house.connect().await;
        let rows = sqlx::query(
            "select u.username, u.email_verified_at is not null as verified, coalesce(u.display_name, '') as display_name
            from users u join password_credentials c on c.user_id = u.id",
        )
        .fetch_all(&mut connection)
        .await
        .expect("the accounts");
        let rows: BTreeMap<String, (bool, String)> =
            rows.iter().map(|row| (row.get("username"), (row.get("verified"), row.get("display_name")))).collect();
        let mut found = Found::default();
        for (name, person) in people {
            found.acknowledged += 1 + u64::from(person.verified) + person.sessions.len() as u64;
            found.acknowledged += u64::from(person.names.len() == 1);
            match rows.get(&name) {
                None => found.lost.push(format!("the account {name}")),
                Some((verified, display_name)) => {
                    if person.verified && !verified {
                        found.lost.push(format!("the verification of {name}"));
                    }
                    if !person.names.is_empty() && !person.names.contains(display_name) {
                        found.lost.push(format!("{name} is called {display_name:?}, not {:?}", person.names));
                    }
                }
            }
            for (browser, ended) in person.sessions {
                check_session(house, &name, &browser, ended, &mut found).await;
            }
        }
        found
    }
}

async fn check_session(house: &House, name: &str, browser: &Browser, ended: Ended, found: &mut Found) {
    found.acknowledged += u64::from(ended == Ended::Yes);
    for replica in &house.replicas {
        let mut asked = Browser { to: replica.address, ..browser.clone() };
        let status = asked.try_send("GET", "/api/v1/session", None).await.map(|answer| answer.status);
        match (ended, status) {
            (Ended::No, Ok(200)) | (Ended::Yes, Ok(401)) | (Ended::Perhaps, Ok(200 | 401)) => {}
            (Ended::No, Ok(401)) => found.lost.push(format!("a session of {name}")),
            (Ended::Yes, Ok(200)) => found.revived.push(format!("a session of {name} lives after its end")),
            (_, other) => found.lost.push(format!("a session of {name} is answered with {other:?}")),
        }
    }
}
