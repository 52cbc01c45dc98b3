//! The whole service put together: every slice, behind what stands before all of them.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio_util::task::TaskTracker;

use crate::{
    config::{Config, Secrets},
    db::{self, Together},
    features::{
        account_sessions, activity, dashboard, data_export, deletion, dev_mailbox, email, factors, health, home,
        language, login, logout,
        passkeys::{self, relying_party},
        password, profile, reauth, recovery, recovery_codes, registration, session_api, setup, static_files, totp,
        verification,
    },
    mail::{Mailer, MailerError},
    passwords::hasher::{Hasher, HasherStartError},
    sessions::{Listing, cache::Lookup},
    state::{AppState, Keys, Parts, RequestIds},
    telemetry::Metrics,
    templates::{TemplateError, Templates},
    types::{Clock, Entropy},
    web::{Front, routes::Routes},
};

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A template or a message file is broken.
    #[error("the pages cannot be loaded: {0}")]
    Templates(#[from] TemplateError),
    /// The threads that hash passwords did not start.
    #[error(transparent)]
    Hasher(#[from] HasherStartError),
    /// The settings of mail cannot be put to work.
    #[error(transparent)]
    Mailer(#[from] MailerError),
}

/// Puts the running service together over a migrated database.
///
/// # Errors
/// When a template is broken, the hashing threads cannot start, or TLS to the mail server cannot be set up.
pub fn state(config: Config, secrets: &Secrets, database: &PgConnectOptions) -> Result<AppState, AssembleError> {
    let (metrics, given_up) = (Arc::new(Metrics::default()), db::GivenUp::default());
    let db = db::pool(database.clone(), config.database.connections, given_up.clone());
    Ok(AppState::new(Parts {
        lookup: Lookup::start(db.clone(), &config, Arc::clone(&metrics)),
        overviews: Together::start(db.clone(), Listing(dashboard::SHOWN)),
        db,
        given_up,
        templates: Templates::load()?,
        mailer: Mailer::new(&config.mail, &config.site.public_url)?,
        hasher: Hasher::start(&config.passwords, Arc::clone(&metrics))?,
        passkeys: relying_party(&config.site),
        keys: Keys::derive(secrets),
        metrics,
        requests: TaskTracker::new(),
        request_ids: RequestIds::new(Entropy),
        clock: Clock,
        entropy: Entropy,
        config,
    }))
}

/// Every route of every slice.
#[must_use]
pub fn routes(state: &AppState) -> Routes {
    let slices = [
        home::routes,
        setup::routes,
        registration::routes,
        verification::routes,
        recovery::routes,
        reauth::routes,
        login::routes,
        passkeys::routes,
        logout::routes,
        dashboard::routes,
        profile::routes,
        password::routes,
        account_sessions::routes,
        factors::routes,
        data_export::routes,
        activity::routes,
        email::routes,
        deletion::routes,
        totp::routes,
        recovery_codes::routes,
        language::routes,
        session_api::routes,
        health::routes,
        static_files::routes,
        dev_mailbox::routes,
    ];
    slices.into_iter().fold(Routes::new(state.clone()), |routes, slice| slice(routes))
}

/// The service.
#[must_use]
pub fn build(state: &AppState) -> Front {
    Front::before(state, routes(state).into_router())
}
