//! The command line.

mod app;
mod audit;
mod database;
mod doctor;
mod group;
mod keys;
mod output;
mod serve;
mod user;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use rustix::process::{Resource, Rlimit};
use sqlx::{Connection as _, PgConnection, PgPool};

use self::output::say;
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
    /// Run the service (the default command)
    Serve,
    /// Migrate the database schema to this version
    Migrate,
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage groups of accounts
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Manage the keys that sign tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Manage apps
    #[command(subcommand)]
    App(app::AppCommand),
    /// Manage the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Explain the settings, and check that they work
    Doctor,
    /// Check whether the running service is ready (for container health checks)
    Healthcheck,
}

type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Checks that a database has this version's schema. Only `serve` and `migrate` change it: an empty database may be the
/// wrong one, and after a migration older replicas cannot start.
async fn require_schema(connection: &mut PgConnection) -> Result<(), CliError> {
    if db::is_empty(connection).await? {
        let database = "the database is empty: no service has run on it";
        return Err(
            format!("{database}; check DATABASE_URL, or run \"vestibule migrate\" to begin with this one").into()
        );
    }
    if !db::is_current(connection).await? {
        return Err("the database schema is out of date; run \"vestibule migrate\"".into());
    }
    Ok(())
}

/// Connects to a database that has this version's schema.
async fn connect(database: &database::Database) -> Result<PgConnection, CliError> {
    let mut connection = PgConnection::connect_with(&database.options).await.map_err(db::MigrateError::from)?;
    require_schema(&mut connection).await?;
    Ok(connection)
}

/// A pool over a database that has this version's schema.
async fn pool(database: &database::Database) -> Result<PgPool, CliError> {
    connect(database).await?.close().await?;
    Ok(db::dedicated_pool(&database.options))
}

/// Runs the command of this process.
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    if let Command::Serve = command {
        // Must come before `close_memory`, which makes this file inaccessible to the service as well.
        serve::yield_to_the_database();
    }
    close_memory();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let code = runtime.block_on(execute(command)).unwrap_or_else(|error| failed(&error));
    // A name lookup cannot be cancelled, and must not delay the exit.
    runtime.shutdown_timeout(Duration::from_millis(100));
    telemetry::flush_log();
    match output::lost() {
        Some(error) => failed(&format!("cannot write to standard output: {error}").into()),
        None => code,
    }
}

/// Protects passwords and keys in memory: disables core dumps, and keeps other processes of the same user from reading
/// the memory or attaching.
fn close_memory() {
    // Neither can fail, except under a supervisor that forbids the calls; the service runs anyway.
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
}

fn failed(error: &CliError) -> ExitCode {
    telemetry::tell(&format!("vestibule: {error}"));
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
        Command::Serve => {
            telemetry::log_panics();
            serve::run(config).await?;
        }
        Command::Migrate => migrate(&config).await?,
        Command::User(command) => user::run(command, &config).await?,
        Command::Group(command) => group::run(command, &config).await?,
        Command::Keys(command) => keys::run(command, &config).await?,
        Command::App(command) => app::run(command, &config).await?,
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
    say!("The database schema is up to date.");
    Ok(())
}

/// Formats a count with its noun: `1 session`, `12,000 sessions`.
fn counted(count: u64, thing: &str) -> String {
    let digits = count.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("{} {thing}{}", groups.join(","), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_count_agrees_and_has_a_comma_between_thousands() {
        for (count, text) in [(0, "0 events"), (1, "1 event"), (999, "999 events"), (12_345_678, "12,345,678 events")] {
            assert_eq!(super::counted(count, "event"), text);
        }
    }
}
