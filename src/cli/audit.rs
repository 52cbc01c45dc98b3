//! `vestibule audit …`: looking after the audit trail from the command line.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sqlx::{Connection as _, PgConnection};

use super::{BEHIND, CliError, database};
use crate::{
    audit::{self, ChainKeys, Head, Verified},
    config::{Config, Secrets},
    db,
    types::Entropy,
};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Find every event that was changed, removed or put in another place; exit code 1 when there is one
    Verify(Verify),
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The end of the chain as it was noted before, from the log or from an earlier run
    #[arg(long, value_name = "POSITION:HASH")]
    head: Option<Head>,
}

/// Runs one command; it changes nothing.
pub async fn run(command: AuditCommand, config: &Config) -> Result<ExitCode, CliError> {
    let AuditCommand::Verify(Verify { head }) = command;
    let keys = ChainKeys::derive(&Secrets::given_or_kept(&config.secrets, &config.data_dir, Entropy)?);
    let database = database::open(config).await?;
    let verified = verify(&database, &keys, head).await;
    database.close().await;
    let verified = verified?;
    report(&verified);
    Ok(if verified.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verify(database: &database::Database, keys: &ChainKeys, head: Option<Head>) -> Result<Verified, CliError> {
    let mut connection = PgConnection::connect_with(&database.options).await?;
    if !db::is_current(&mut connection).await? {
        return Err(BEHIND.into());
    }
    let verified = audit::verify(&mut connection, keys, head, |fault| println!("{fault}")).await?;
    connection.close().await?;
    Ok(verified)
}

fn report(verified: &Verified) {
    if verified.after > 0 {
        println!("Events up to position {} were removed by retention.", verified.after);
    }
    if verified.unchecked > 0 {
        println!("{} of those that went last could not be checked before: their key was gone.", verified.unchecked);
    }
    if verified.waiting > 0 {
        println!("{} events wait for their link.", verified.waiting);
    }
    let found = match verified.faults {
        0 => "chain intact".to_owned(),
        1 => "1 fault".to_owned(),
        faults => format!("{faults} faults"),
    };
    let head = verified.head.map_or_else(|| "no head yet".to_owned(), |head| format!("head {head}"));
    let events = if verified.events == 1 { "event" } else { "events" };
    println!("{} {events}, {found}, {head}", grouped(verified.events));
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
