//! `vestibule keys …`: managing the keys that sign tokens.

use clap::Subcommand;
use time::OffsetDateTime;

use super::{
    CliError, counted, database,
    output::{self, say},
    pool,
};
use crate::{
    apps::{
        SigningAlgorithm,
        keys::{KeyState, KnownKey, Retired, Rotated, SigningKeys},
    },
    audit::Recorder,
    config::{Config, Secrets},
    crypto::sealing::SealingKeys,
};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the keys that sign tokens, and those whose tokens are still verified
    List,
    /// Create the next key now; it signs once apps had time to fetch it
    Rotate {
        /// Signature algorithm of the key
        #[arg(long, default_value = "RS256", value_parser = ["RS256", "ES256", "EdDSA"])]
        alg: String,
    },
    /// Stop using and publishing a key at once, because somebody else has it
    Retire {
        /// The key's ID, as `keys list` prints it
        #[arg(value_name = "KID", allow_hyphen_values = true)]
        kid: String,
    },
}

/// Runs one command.
pub async fn run(command: KeysCommand, config: &Config) -> Result<(), CliError> {
    let database = database::open(config).await?;
    let done = on(&database, command, config).await;
    database.close().await;
    done
}

async fn on(database: &database::Database, command: KeysCommand, config: &Config) -> Result<(), CliError> {
    let db = pool(database).await?;
    // A new secret would open none of the keys.
    let sealing = SealingKeys::derive(&Secrets::existing(&config.secrets, &config.data_dir)?);
    let keys = SigningKeys::new(Recorder::for_cli(db), sealing, &config.apps);
    match command {
        KeysCommand::List => list(&keys.list().await?),
        KeysCommand::Rotate { alg } => rotate(&keys, &alg).await?,
        KeysCommand::Retire { kid } => retire(&keys, &kid, config).await?,
    }
    Ok(())
}

fn list(keys: &[KnownKey]) {
    if keys.is_empty() {
        say!("No signing keys yet; the service creates them when it needs them.");
    }
    for KnownKey { kid, alg, state, signs_from, signs_until, published_until, opens } in keys {
        let turn = match state {
            KeyState::Signing => format!("signs until {}", when(*signs_until)),
            KeyState::Waiting => format!("signs from {}", when(*signs_from)),
            KeyState::Stopped => format!("verifies until {}", when(*published_until)),
        };
        let opens = if *opens { "" } else { ", but was sealed with another key than those of VESTIBULE_SECRET" };
        say!("{kid}  {:<5}  {turn}{opens}", alg.code());
    }
}

async fn rotate(keys: &SigningKeys, alg: &str) -> Result<(), CliError> {
    let alg = alg.parse::<SigningAlgorithm>().map_err(|_| "an algorithm is RS256, ES256 or EdDSA")?;
    match keys.rotate(alg).await? {
        Rotated::Created(kid, from) => {
            say!("Created the {} key {kid}, which signs from {}.", alg.code(), when(from));
            Ok(())
        }
        Rotated::Waiting(kid, from) => {
            Err(format!("the key {kid} is published already, and signs from {}", when(from)).into())
        }
        Rotated::NotDue => Ok(()),
    }
}

async fn retire(keys: &SigningKeys, kid: &str, config: &Config) -> Result<(), CliError> {
    let Retired::Done(alg, state) = keys.retire(kid).await? else {
        return Err(format!("no signing key is called {kid}; \"vestibule keys list\" lists them").into());
    };
    say!("Retired the {} key {kid}.", alg.code());
    if state == KeyState::Waiting {
        say!("It had signed nothing. The service creates another.");
        return Ok(());
    }
    let minutes = config.apps.access_token.max(config.apps.id_token).as_secs().div_ceil(60);
    say!("Apps refuse the tokens that it signed once they fetch the keys again, within minutes for most.");
    say!(
        "Until then, who has the key can sign tokens. The last that we signed expire in {}.",
        counted(minutes, "minute")
    );
    say!("People stay signed in; apps with refresh tokens get tokens of another key.");
    Ok(())
}

/// A turn of months, to the second.
fn when(at: OffsetDateTime) -> String {
    output::when(at.replace_nanosecond(0).unwrap_or(at))
}
