//! The command line.

mod audit;
mod database;
mod doctor;
mod serve;
mod user;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    config::{Config, Environment},
    db, telemetry,
};

/// Sign-up, sign-in and sessions for your apps.
#[derive(Debug, Parser)]
#[command(
    name = "vestibule",
    version,
    about,
    after_help = "Settings come from the environment and from .env; `vestibule doctor` lists them."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service (this is what happens without a command)
    Serve,
    /// Bring the database to this version's schema
    Migrate,
    /// Look after accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Look after the audit trail
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Explain the settings and check what they lead to
    Doctor,
    /// Ask the running service whether it is ready (for container health checks)
    Healthcheck,
}

type CliError = Box<dyn std::error::Error + Send + Sync>;

/// What a command says that needs this version's schema and is not the one to bring it.
const BEHIND: &str = "the database has not this version's schema yet; run `vestibule migrate`";

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let code = match runtime.block_on(execute(command)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    };
    // A name that is being looked up cannot be called off, and holds nobody up.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

fn failed(error: &CliError) -> ExitCode {
    eprintln!("vestibule: {error}");
    ExitCode::FAILURE
}

async fn execute(command: Command) -> Result<ExitCode, CliError> {
    let config = Config::read(Environment::of_this_process());
    if let Command::Doctor = command {
        return Ok(doctor::run(config).await);
    }
    let config = config?;
    telemetry::start_log(&config.logging);
    match command {
        Command::Serve => serve::run(config).await?,
        Command::Migrate => migrate(&config).await?,
        Command::User(command) => user::run(command, &config).await?,
        Command::Audit(command) => return audit::run(command, &config).await,
        Command::Healthcheck => return Ok(serve::healthcheck(&config).await),
        Command::Doctor => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(config: &Config) -> Result<(), CliError> {
    let database = database::open(config).await?;
    let done = db::migrate(&database.options).await;
    database.close().await;
    done?;
    println!("The database has this version's schema.");
    Ok(())
}
