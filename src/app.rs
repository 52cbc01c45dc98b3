//! Assembles the service; the only file that names every slice.
//!
//! 1. [`state`] creates the components over a migrated database.
//! 2. [`build`] returns the service, a `tower::Service`. The accept loop of [`crate::http::server`] serves it, or
//!    another axum app mounts it at the root of its origin, with `ConnectInfo` (`examples/mount.rs`).
//! 3. [`jobs`] starts the background jobs; [`close`] releases the remaining resources after they end.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    accounts::FactorKind,
    apps::{AppCache, Documents, TokenCache, keys::SigningKeys},
    audit::Recorder,
    config::{Config, Secrets},
    db::{self, Batcher, Servers},
    features::{
        account_sessions, activity, authorize, connected_apps, dashboard, data_export, deletion, dev_mailbox, email,
        end_session, factors, gate, health, home, language, login, logout, passkeys, password, profile,
        provider_metadata, reauth, recovery, recovery_codes, registration, session_api, setup, static_files, token,
        token_status, totp, userinfo, verification,
    },
    http::server::stopping,
    jobs::{self, chain, logouts, outbox},
    limits::Limits,
    mail::{Mailer, MailerError},
    outbound::{Outbound, TlsError},
    passwords::hasher::{Hasher, HasherError},
    sessions::{OverviewQuery, cache::SessionCache},
    state::{AppState, Keys, Parts, RequestIds},
    telemetry::{Metrics, Sampler, named},
    templates::{TemplateError, Templates},
    web::{Front, Slice, routes::Routes},
};

/// Every slice, in the order of its routes.
pub const SLICES: &[&Slice] = &[
    &home::SLICE,
    &setup::SLICE,
    &registration::SLICE,
    &verification::SLICE,
    &recovery::SLICE,
    &reauth::SLICE,
    &login::SLICE,
    &passkeys::SLICE,
    &logout::SLICE,
    &dashboard::SLICE,
    &profile::SLICE,
    &password::SLICE,
    &account_sessions::SLICE,
    &connected_apps::SLICE,
    &factors::SLICE,
    &data_export::SLICE,
    &activity::SLICE,
    &email::SLICE,
    &deletion::SLICE,
    &totp::SLICE,
    &recovery_codes::SLICE,
    &authorize::SLICE,
    &language::SLICE,
    &session_api::SLICE,
    &token::SLICE,
    &token_status::SLICE,
    &userinfo::SLICE,
    &gate::SLICE,
    &provider_metadata::SLICE,
    &end_session::SLICE,
    &health::SLICE,
    &static_files::SLICE,
    &dev_mailbox::SLICE,
];

/// Every kind of factor besides the password.
pub const FACTORS: &[&FactorKind] = &[&totp::FACTOR, &passkeys::FACTOR, &recovery_codes::FACTOR];

/// How long each step of [`close`] may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Why the service could not be assembled.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A template or a message file is broken.
    #[error("cannot load the pages: {0}")]
    Templates(#[from] TemplateError),
    /// The threads that hash passwords did not start.
    #[error(transparent)]
    Hasher(#[from] HasherError),
    /// TLS to apps cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Outbound(#[from] TlsError),
    /// TLS to the mail server cannot be set up.
    #[error(transparent)]
    Mailer(#[from] MailerError),
}

/// Creates the components over a migrated database.
///
/// # Errors
/// If a template is broken, the hashing threads cannot start, or TLS to the mail server cannot be set up.
pub fn state(config: Config, secrets: &Secrets, database: &PgConnectOptions) -> Result<AppState, AssembleError> {
    let (metrics, quarantine) = (Arc::new(Metrics::default()), db::ConnectionQuarantine::default());
    let db = db::pool(database.clone(), config.database.connections, quarantine.clone());
    let keys = Keys::derive(secrets);
    let outbound = Outbound::new(&config.apps.outbound_networks, &config.apps.outbound_authorities)?;
    Ok(AppState::new(Parts {
        sessions: SessionCache::start(db.clone(), &config, Arc::clone(&metrics)),
        apps: AppCache::default(),
        tokens: TokenCache::new(config.session_cache, Arc::clone(&metrics)),
        overviews: Batcher::start(db.clone(), OverviewQuery),
        limits: Limits::new(db.clone()),
        documents: Documents::new(outbound.clone(), &config.apps),
        outbound,
        signing: SigningKeys::new(Recorder::for_system(db.clone()), keys.sealing.clone(), &config.apps),
        db,
        quarantine,
        disk: db::DiskProbe::default(),
        templates: Templates::shared()?,
        mailer: Mailer::new(&config.mail, &config.site.public_url)?,
        hasher: Hasher::start(&config.passwords, Arc::clone(&metrics))?,
        factors: FACTORS,
        keys,
        metrics,
        sampler: Sampler::default(),
        requests: TaskTracker::new(),
        request_ids: RequestIds::random(),
        config,
    }))
}

/// The routes of every slice.
pub fn routes(state: &AppState) -> Routes {
    SLICES.iter().fold(Routes::new(state.clone()), |routes, slice| (slice.routes)(routes))
}

/// Builds the service.
pub fn build(state: &AppState) -> Front {
    Front::before(state, routes(state).into_router())
}

/// Starts the background jobs. They end once `stop` is true; await them before [`close`].
#[must_use = "dropping it aborts the jobs"]
pub fn jobs(state: &AppState, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    let patience = outbox::Patience::default();
    jobs.spawn(named("sweeps", jobs::run(state.clone(), SLICES, stop.clone())));
    jobs.spawn(named("mail", outbox::run(state.clone(), SLICES, patience, stop.clone())));
    jobs.spawn(named("logouts", logouts::run(state.clone(), logouts::Patience::default(), stop.clone())));
    jobs.spawn(named("audit chain", chain::run(state.clone(), stop.clone())));
    jobs.spawn(named("database primary", follow_primary(state.clone(), stop.clone())));
    jobs
}

/// With several database servers, keeps the pool on the one that accepts writes.
async fn follow_primary(state: AppState, mut stop: watch::Receiver<bool>) {
    if let Some(servers) = Servers::configured(&state.config.database).filter(Servers::are_several) {
        tokio::select! {
            () = stopping(&mut stop) => {}
            () = servers.follow(&state.db, &state.quarantine) => {}
        }
    }
}

/// Finishes requests whose clients disconnected, flushes pending session uses, and closes the pool.
pub async fn close(state: &AppState) {
    state.sampler.close();
    state.requests.close();
    timeout(CLOSE_WITHIN, state.requests.wait()).await.ok();
    timeout(CLOSE_WITHIN, state.sessions.note_uses()).await.ok();
    timeout(CLOSE_WITHIN, state.db.close()).await.ok();
}
