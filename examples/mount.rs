//! Runs Vestibule inside another axum app, at the root of its origin: the app's own routes come first, and Vestibule
//! answers all others. Paths, cookies and links of Vestibule are those of an origin, so it cannot be nested below a path.
//!
//! `DATABASE_URL=postgres://… VESTIBULE_DATA_DIR=/tmp/vestibule cargo run --example mount`

use std::{error::Error, net::SocketAddr};

use axum::{Router, routing::get};
use tokio::{net::TcpListener, signal::ctrl_c, sync::watch};
use vestibule::{
    app,
    config::{Config, Environment, Secrets},
    db, telemetry,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::read(Environment::of_this_process())?;
    telemetry::start_log(&config.logging);
    let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir)?;
    let database = config.database.url.clone().ok_or("DATABASE_URL is not set")?;
    db::migrate(&database).await?;
    let listener = TcpListener::bind(config.network.listen).await?;
    let state = app::state(config, &secrets, &database)?;

    // Email, the audit chain, and the deletion of what has expired.
    let (stop, stopped) = watch::channel(false);
    let mut jobs = app::jobs(&state, &stopped);

    let router = Router::new()
        .route("/hello", get(async || "This page is the app's own."))
        .fallback_service(app::build(&state))
        // Limits and the audit log need the client's address; without it, Vestibule answers 500.
        .into_make_service_with_connect_info::<SocketAddr>();
    let interrupted = async { ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, router).with_graceful_shutdown(interrupted).await?;

    stop.send_replace(true);
    while jobs.join_next().await.is_some() {}
    app::close(&state).await;
    telemetry::flush_log();
    Ok(())
}
