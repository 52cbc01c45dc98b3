//! The letters that arrived, by whom they went to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::AbortHandle, time::sleep};

use crate::house::House;

#[derive(Default)]
struct Letters {
    /// The newest secret of a link to a page, by address and page.
    secrets: BTreeMap<(String, String), String>,
    read: usize,
}

/// Looks into the mail server's box, once for all who wait.
pub struct Mailroom {
    letters: Arc<Mutex<Letters>>,
    task: AbortHandle,
}

impl Mailroom {
    pub fn of(house: &Arc<House>) -> Self {
        let letters = Arc::<Mutex<Letters>>::default();
        let (kept, house) = (Arc::clone(&letters), Arc::clone(house));
        let task = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(100)).await;
                let received = house.sink.received();
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                for letter in &received[kept.read..] {
                    for (page, secret) in links(&letter.data) {
                        kept.secrets.insert((letter.to.concat(), page), secret);
                    }
                }
                kept.read = received.len();
            }
        });
        Self { letters, task: task.abort_handle() }
    }

    /// The secret of the newest link to that page that went to this address.
    pub fn secret(&self, address: &str, page: &str) -> Option<String> {
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.secrets.get(&(address.to_owned(), page.to_owned())).cloned()
    }
}

impl Drop for Mailroom {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Every link with a secret: its page and the secret.
fn links(data: &str) -> Vec<(String, String)> {
    let whole = data.replace("=\r\n", "").replace("=3D", "=");
    let secret = |after: &str| after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let link = |text: &str| {
        let (address, after) = text.split_once("?token=")?;
        let page = address.split_once('/').map_or(String::new(), |(_, page)| format!("/{page}"));
        (!address.contains(char::is_whitespace)).then(|| (page, secret(after)))
    };
    whole.split("://").skip(1).filter_map(link).collect()
}

/// What these addresses were told more than once under different names, though it happened once.
pub fn told_twice(house: &House, addresses: &BTreeSet<String>) -> Vec<String> {
    let (mut ids, mut told, mut twice) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for letter in house.sink.received() {
        if letter.to.iter().all(|to| !addresses.contains(to)) {
            continue;
        }
        let subject = letter.headers("Subject").concat();
        // The same letter may come again after a crash; its reader's program shows it once.
        if ids.insert(letter.message_id()) && !told.insert((letter.to.concat(), subject.clone())) {
            twice.push(format!("{subject} to {}", letter.to.concat()));
        }
    }
    twice
}
