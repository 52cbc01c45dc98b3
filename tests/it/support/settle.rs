//! Tests change rows directly, and the service's session cache may notice with a delay. So browsers in tests wait until
//! the cache is up to date. The delay itself is tested in `session_cache`.

use std::{collections::BTreeMap, net::SocketAddr, sync::Mutex};

use vestibule::{sessions::cache::SessionCache, state::AppState};

static LOOKUPS: Mutex<BTreeMap<SocketAddr, SessionCache>> = Mutex::new(BTreeMap::new());

/// Makes browsers of this address wait for this service.
pub fn with(address: SocketAddr, state: &AppState) {
    LOOKUPS.lock().expect("the lookups").insert(address, state.sessions.clone());
}

/// Ends that, so that the last clone of the session cache can end its tasks.
pub fn forget(address: SocketAddr) {
    LOOKUPS.lock().expect("the lookups").remove(&address);
}

/// Waits until the service at this address has received all committed changes and flushed its pending session uses.
/// Does nothing for services in separate processes.
pub async fn settled(address: SocketAddr) {
    let lookup = LOOKUPS.lock().expect("the lookups").get(&address).cloned();
    if let Some(lookup) = lookup {
        tokio::join!(lookup.catch_up(), lookup.note_uses());
    }
}
