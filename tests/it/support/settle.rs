//! Tests change rows behind the service's back, and it may know of it a moment later. Browsers here wait for
//! that moment, so that each test is about what it says; `session_cache` is about the moment.

use std::{collections::BTreeMap, net::SocketAddr, sync::Mutex};

use vestibule::{sessions::cache::SessionCache, state::AppState};

static LOOKUPS: Mutex<BTreeMap<SocketAddr, SessionCache>> = Mutex::new(BTreeMap::new());

/// Browsers that ask this address wait for this service.
pub fn with(address: SocketAddr, state: &AppState) {
    LOOKUPS.lock().expect("the lookups").insert(address, state.sessions.clone());
}

/// They do no more: the last clone of a lookup ends its tasks.
pub fn forget(address: SocketAddr) {
    LOOKUPS.lock().expect("the lookups").remove(&address);
}

/// Waits until the service at this address knows what is committed by now, and wrote down what it has yet
/// to note. Programs of their own are not waited for.
pub async fn settled(address: SocketAddr) {
    let lookup = LOOKUPS.lock().expect("the lookups").get(&address).cloned();
    if let Some(lookup) = lookup {
        tokio::join!(lookup.catch_up(), lookup.note_uses());
    }
}
