//! `vestibule audit …`: managing the audit log.

use std::process::ExitCode;

use clap::Subcommand;
use sqlx::{Connection as _, PgConnection};

use super::{CliError, counted, database, output::say, require_schema};
use crate::{
    audit::{self, ChainKeys, Head, Verified},
    config::{Config, Secrets},
    db,
};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Report every event that was changed, removed or moved; exits with 1 if there is one
    Verify {
        /// An earlier head of the chain, from the log or from an earlier run
        #[arg(long, value_name = "POSITION:HASH")]
        head: Option<Head>,
    },
}

/// Runs one command; it changes nothing.
pub async fn run(command: AuditCommand, config: &Config) -> Result<ExitCode, CliError> {
    let AuditCommand::Verify { head } = command;
    let database = database::open(config).await?;
    let verified = verify(&database, config, head).await;
    database.close().await;
    let verified = verified?;
    report(&verified);
    Ok(if verified.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify(database: &database::Database, config: &Config, head: Option<Head>) -> Result<Verified, CliError> {
    // A new key would verify nothing.
    let keys = ChainKeys::derive(&Secrets::existing(&config.secrets, &config.data_dir)?);
    let mut connection = PgConnection::connect_with(&database.options).await.map_err(db::MigrateError::from)?;
    require_schema(&mut connection).await?;
    let verified = audit::verify(&mut connection, &keys, head, |fault| say!("{fault}")).await?;
    connection.close().await?;
    Ok(verified)
}

fn report(verified: &Verified) {
    if verified.after > 0 {
        say!("Retention pruned the events up to position {}.", verified.after);
    }
    if verified.unchecked > 0 {
        let events = counted(verified.unchecked, "event");
        say!("The last pruning removed {events} unchecked, because their key was gone.");
    }
    if verified.waiting > 0 {
        let verb = if verified.waiting == 1 { "is" } else { "are" };
        say!("{} {verb} not linked yet.", counted(verified.waiting.unsigned_abs(), "event"));
    }
    let found = if verified.faults == 0 { "chain intact".to_owned() } else { counted(verified.faults, "fault") };
    let head = verified.head.map_or_else(|| "no head yet".to_owned(), |head| format!("head {head}"));
    say!("{}, {found}, {head}", counted(verified.events, "event"));
}
