//! `vestibule audit …`: managing the audit log.

use std::{process::ExitCode, time::Duration};

use clap::Subcommand;
use sqlx::Connection as _;
use tokio::time::sleep;

use super::{CliError, connect, counted, database, output::say};
use crate::{
    audit::{self, ChainKeys, Forgetting, Head, KeyId, Verified},
    config::{Config, Secrets},
};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Report every event that was changed, removed or moved; exits with 1 if there is one
    Verify {
        /// An earlier head of the chain, from the log or from an earlier run
        #[arg(long, value_name = "POSITION:HASH")]
        head: Option<Head>,
    },
    /// Allow retention to remove events that cannot be verified, because their key is lost
    ForgetKey {
        /// The key's ID, as `audit verify` reports it
        #[arg(value_name = "ID")]
        id: KeyId,
    },
}

/// How often to try to lock the chain, which the service locks only briefly.
const LOCK_TRIES: u32 = 50;

/// Runs one command.
pub async fn run(command: AuditCommand, config: &Config) -> Result<ExitCode, CliError> {
    let database = database::open(config).await?;
    let done = on(&database, command, config).await;
    database.close().await;
    done
}

async fn on(database: &database::Database, command: AuditCommand, config: &Config) -> Result<ExitCode, CliError> {
    // A new key would verify nothing.
    let keys = ChainKeys::derive(&Secrets::existing(&config.secrets, &config.data_dir)?);
    match command {
        AuditCommand::Verify { head } => verify(database, &keys, head).await,
        AuditCommand::ForgetKey { id } => forget_key(database, &keys, id).await,
    }
}

async fn verify(database: &database::Database, keys: &ChainKeys, head: Option<Head>) -> Result<ExitCode, CliError> {
    let mut connection = connect(database).await?;
    let verified = audit::verify(&mut connection, keys, head, |fault| say!("{fault}")).await?;
    connection.close().await?;
    report(&verified);
    Ok(if verified.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn forget_key(database: &database::Database, keys: &ChainKeys, id: KeyId) -> Result<ExitCode, CliError> {
    let mut connection = connect(database).await?;
    let mut done = Forgetting::Busy;
    for _ in 0..LOCK_TRIES {
        done = audit::forget_key(&mut connection, keys, id).await?;
        if done != Forgetting::Busy {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    connection.close().await?;
    let refused = match done {
        Forgetting::Done { events, days } => {
            let (events, days) = (counted(events, "event"), counted(days.into(), "day"));
            say!("Forgot the key {id}. Retention may remove its {events} unchecked, the last in {days}.");
            return Ok(ExitCode::SUCCESS);
        }
        Forgetting::InUse => format!("the key {id} is the newest of VESTIBULE_SECRET, which links new events"),
        Forgetting::Unknown => format!("the chain never had the key {id}; links that carry it were forged"),
        Forgetting::NoEvents => format!("no event was linked with the key {id}"),
        Forgetting::Refused(faults) => {
            format!(
                "the chain has {}; run \"vestibule audit verify\" and investigate first",
                counted(faults, "other fault")
            )
        }
        Forgetting::Busy => "the service is linking many events; try again later".to_owned(),
    };
    Err(refused.into())
}

fn report(verified: &Verified) {
    if verified.after > 0 {
        say!("Retention pruned the events up to position {}.", verified.after);
    }
    if verified.unchecked > 0 {
        let events = counted(verified.unchecked, "event");
        say!("The last pruning removed {events} unchecked, because their key was forgotten.");
    }
    if verified.forgotten > 0 {
        say!("{} could not be checked, because their key was forgotten.", counted(verified.forgotten, "event"));
    }
    if verified.waiting > 0 {
        let verb = if verified.waiting == 1 { "is" } else { "are" };
        say!("{} {verb} not linked yet.", counted(verified.waiting.unsigned_abs(), "event"));
    }
    let found = if verified.faults == 0 { "chain intact".to_owned() } else { counted(verified.faults, "fault") };
    let head = verified.head.map_or_else(|| "no head yet".to_owned(), |head| format!("head {head}"));
    say!("{}, {found}, {head}", counted(verified.events, "event"));
}
