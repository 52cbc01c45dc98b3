//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document). The `client_id` is the https address of
//! a document that names the client and its redirect addresses.
//!
//! 1. [`Documents::find`] takes a `client_id` that is an address on a host that the setting allows.
//! 2. A fresh document has a row of `apps` with the kind `document`, so grants, consents and tokens work as for other
//!    apps. Disabled apps stay disabled.
//! 3. A stale or unknown document is fetched by the shared outbound client, within its three seconds and up to
//!    [`model::MOST`] bytes. [`limits::documents`] limits fetches per network, [`reads`] the concurrent ones of a replica.
//! 4. [`model::check`] validates it. Errors go only to the log and leave the row unchanged: new requests are refused
//!    until the document is valid again, while existing grants continue.
//! 5. The row is added or updated. At most [`APPS_MOST`] are enabled; an unused one makes room for a new one.
//!
//! Nobody has checked such an app. It is never trusted, must use PKCE, and needs consent each time.

mod model;
mod reads;
mod store;

use url::Url;

use self::{
    model::{Document, Refused},
    reads::Reads,
};
use super::{
    App, AppKind, registry,
    registry::{AddressKind, Registration},
    store as apps,
};
use crate::{
    audit::{Event, Recorder, Unit, log::network},
    config::{self, ClientDocuments},
    limits::{self, Spend},
    outbound::Outbound,
    types::{AppId, Request, Throttled},
};

/// Maximum number of enabled apps with a document.
pub const APPS_MOST: i64 = 1000;

/// Finds apps by the addresses of their documents.
#[derive(Debug)]
pub struct Documents {
    outbound: Outbound,
    allowed: ClientDocuments,
    resources: Vec<String>,
    reads: Reads,
}

/// The result of looking up the address of a document.
#[must_use]
#[derive(Debug)]
pub enum Found {
    /// The app, which may be disabled.
    App(Box<App>),
    /// No app; the log says why.
    Refused,
    /// Not looked up: a limit is exhausted.
    Throttled(Throttled),
}

impl Found {
    /// Returns the app, or `None` if the client is refused.
    ///
    /// # Errors
    /// If a limit is exhausted.
    pub fn into_app(self) -> Result<Option<App>, Throttled> {
        match self {
            Self::App(app) => Ok(Some(*app)),
            Self::Refused => Ok(None),
            Self::Throttled(throttled) => Err(throttled),
        }
    }
}

/// Returns whether a `client_id` is an address. A registered app's has no colon.
pub fn is_address(client_id: &str) -> bool {
    client_id.contains(':')
}

impl Documents {
    /// Creates a lookup with the hosts and resources of the settings.
    pub fn new(outbound: Outbound, settings: &config::Apps) -> Self {
        Self {
            outbound,
            allowed: settings.client_documents.clone(),
            resources: settings.client_document_resources.clone(),
            reads: Reads::default(),
        }
    }

    /// Finds the app that a document describes. Fetches the document unless it is fresh.
    pub async fn find(&self, by: &Recorder, request: &Request, client_id: &str) -> sqlx::Result<Found> {
        match self.look_up(by, request, client_id).await? {
            Ok(Found::App(app)) => Ok(Found::App(Box::new(self.with_resources(*app)))),
            Ok(found) => Ok(found),
            Err(refused) => {
                let network = network(request.address);
                if by.sampler.admits(network, "client document refused") {
                    let (request_id, reason) = (&request.id, refused.to_string());
                    let client_id: String = client_id.chars().take(200).collect();
                    tracing::warn!(request_id, %network, client_id, reason, "client document refused");
                }
                Ok(Found::Refused)
            }
        }
    }

    /// Sets the resources of a document's app, which come from the settings and never from the document.
    pub fn with_resources(&self, mut app: App) -> App {
        if app.kind == AppKind::Document {
            app.resources.clone_from(&self.resources);
        }
        app
    }

    async fn look_up(&self, by: &Recorder, request: &Request, client_id: &str) -> sqlx::Result<Result<Found, Refused>> {
        let url = match model::parse_address(client_id) {
            Ok(url) if self.allowed.admit(&url) => url,
            Ok(_) => return Ok(Err(Refused::Host)),
            Err(refused) => return Ok(Err(refused)),
        };
        // Holds no connection while it fetches the document.
        let mut connection = by.db.acquire().await?;
        if let Some(app) = apps::find(&mut connection, client_id).await?
            && (!app.is_enabled() || store::is_fresh(&mut connection, app.id).await? == Some(true))
        {
            return Ok(Ok(Found::App(Box::new(app))));
        }
        if let Spend::Limited(throttled) =
            limits::spend_all(&mut connection, &limits::documents(request.address)).await?
        {
            return Ok(Ok(Found::Throttled(throttled)));
        }
        drop(connection);
        let Some(reading) = self.reads.begin(url.host_str().unwrap_or_default(), request.address) else {
            return Ok(Ok(Found::Throttled(Throttled::busy(3))));
        };
        let answer = match self.outbound.get_up_to(&url, model::MOST).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error.into())),
        };
        drop(reading);
        let document = match model::check(&url, &answer) {
            Ok(document) => document,
            Err(refused) => return Ok(Err(refused)),
        };
        keep(by, &url, &document, answer.cache_control.as_deref()).await.map(Ok)
    }
}

/// Adds or updates the app of a document.
async fn keep(by: &Recorder, url: &Url, document: &Document, cache_control: Option<&str>) -> sqlx::Result<Found> {
    let client_id = url.as_str();
    let mut unit = by.begin().await?;
    let mut known = registry::lock(&mut unit, client_id).await?;
    if known.is_none() {
        store::take_turns(&mut unit).await?;
        known = registry::lock(&mut unit, client_id).await?;
    }
    let id = match known {
        Some(id) => {
            update(&mut unit, id, document).await?;
            id
        }
        None if make_room(&mut unit).await? => insert(&mut unit, client_id, document).await?,
        None => {
            tracing::warn!(most = APPS_MOST, "no room for another client document; disable or remove some of them");
            return Ok(Found::Throttled(Throttled::busy(60)));
        }
    };
    store::note(&mut unit, id, model::fresh_for(cache_control)).await?;
    let app = apps::find_by_id(&mut unit, id).await?.ok_or(sqlx::Error::RowNotFound)?;
    unit.commit().await?;
    Ok(Found::App(Box::new(app)))
}

async fn insert(unit: &mut Unit, client_id: &str, document: &Document) -> sqlx::Result<AppId> {
    let id = AppId::random();
    registry::insert(unit, id, &document.registration(client_id)).await?;
    registry::set_addresses(unit, id, AddressKind::Redirect, &document.redirects).await?;
    unit.record_without_account(Event::AppAdded { client_id: client_id.to_owned() });
    Ok(id)
}

/// Updates a locked app if its document changed.
async fn update(unit: &mut Unit, id: AppId, document: &Document) -> sqlx::Result<()> {
    let before = apps::find_by_id(unit, id).await?.filter(|app| app.kind == AppKind::Document);
    let Some(before) = before.map(|app| Registration::from(&app)) else { return Err(sqlx::Error::RowNotFound) };
    let after = document.registration(&before.client_id);
    if before != after {
        registry::update(unit, id, &after).await?;
        registry::set_addresses(unit, id, AddressKind::Redirect, &after.redirects).await?;
        unit.record_without_account(Event::AppChanged { client_id: after.client_id });
    }
    Ok(())
}

/// Returns whether another app fits, after deleting an unused one if needed.
async fn make_room(unit: &mut Unit) -> sqlx::Result<bool> {
    if store::count(unit).await? < APPS_MOST {
        return Ok(true);
    }
    let idlest = store::lock_idlest(unit).await?;
    Ok(delete(unit, &idlest).await? > 0)
}

async fn delete(unit: &mut Unit, ids: &[AppId]) -> sqlx::Result<u64> {
    let mut count = 0;
    for client_id in store::delete_unused(unit, ids).await? {
        unit.record_without_account(Event::AppRemoved { client_id });
        count += 1;
    }
    Ok(count)
}

/// Deletes unused apps whose documents are stale. Returns how many.
pub async fn sweep(by: Recorder) -> sqlx::Result<u64> {
    let mut unit = by.begin().await?;
    let stale = store::lock_stale(&mut unit).await?;
    let count = delete(&mut unit, &stale).await?;
    unit.commit().await?;
    Ok(count)
}
