//! `vestibule user …`: looking after accounts from the command line.

use std::io::{self, BufRead as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use sqlx::{Connection as _, PgConnection};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use zeroize::Zeroizing;

use super::{BEHIND, CliError, database};
use crate::{
    accounts::Role,
    config::Config,
    db,
    features::admin::{self, Creation},
    types::{DisplayName, Email, Entropy, OwnWords, PlainPassword, Username, objection},
    web::paths,
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account; prints a fresh password unless one is given on standard input
    Create(Create),
    /// Show an account
    Show(Named),
    /// Close an account to everyone and end its sessions
    Disable(Named),
    /// Open an account again and forget the failed tries counted against it
    Enable(Named),
    /// End every session of an account
    ResetSessions(Named),
    /// Take every passkey, authenticator app and recovery code of an account away; its owner is told
    ResetFactors(Named),
    /// Have a link mailed to an account's owner that sets a new password
    Recover(Named),
    /// Make somebody an administrator, or a member again
    Role(Give),
    /// Print a new link that makes the first administrator
    SetupLink,
}

#[derive(Debug, Args)]
pub struct Create {
    /// Its public name
    username: String,
    /// Where mail goes
    email: String,
    /// What the person wants to be called
    #[arg(long)]
    display_name: Option<String>,
    /// Make it an administrator
    #[arg(long)]
    admin: bool,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct Named {
    /// Username or e-mail address
    name: String,
}

#[derive(Debug, Args)]
pub struct Give {
    /// Username or e-mail address
    name: String,
    /// What the account may do
    #[arg(value_parser = ["member", "admin"])]
    role: String,
}

/// Runs one command.
pub async fn run(command: UserCommand, config: &Config) -> Result<(), CliError> {
    let database = database::open(config).await?;
    let done = execute(command, config, &database).await;
    database.close().await;
    done
}

/// A connection to a database with this version's schema. An empty one gets it; bringing an older one up to date is a
/// step of its own, after which the replicas of before cannot start again.
async fn ready(database: &database::Database) -> Result<PgConnection, CliError> {
    let mut connection = PgConnection::connect_with(&database.options).await?;
    if db::is_empty(&mut connection).await? {
        db::migrate(&database.options).await?;
    } else if !db::is_current(&mut connection).await? {
        return Err(BEHIND.into());
    }
    Ok(connection)
}

async fn execute(command: UserCommand, config: &Config, database: &database::Database) -> Result<(), CliError> {
    let mut connection = ready(database).await?;
    match command {
        UserCommand::Create(arguments) => create(&mut connection, arguments, config).await,
        UserCommand::Show(Named { name }) => show(&mut connection, &name).await,
        UserCommand::Disable(Named { name }) => {
            let (user, ended) = admin::disable(&mut connection, &name).await?;
            println!("{} is disabled; {ended} sessions ended.", user.username);
            Ok(())
        }
        UserCommand::Enable(Named { name }) => {
            let user = admin::enable(&mut connection, &name).await?;
            println!("{} is enabled.", user.username);
            Ok(())
        }
        UserCommand::ResetSessions(Named { name }) => {
            let (user, ended) = admin::reset_sessions(&mut connection, &name).await?;
            println!("{ended} sessions of {} ended.", user.username);
            Ok(())
        }
        UserCommand::ResetFactors(Named { name }) => {
            let (user, factors, sessions) = admin::reset_factors(&mut connection, &name).await?;
            println!("{factors} factors of {} are gone, and {sessions} sessions ended.", user.username);
            if user.password_changed_at.is_none() {
                println!("It has no password: `vestibule user recover {}` mails its owner a link.", user.username);
            }
            Ok(())
        }
        UserCommand::Recover(Named { name }) => {
            let user = admin::recover(&mut connection, &name).await?;
            println!("A link that sets a new password goes to the address of {}.", user.username);
            Ok(())
        }
        UserCommand::Role(Give { name, role }) => give(&mut connection, &name, &role).await,
        UserCommand::SetupLink => {
            let secret = admin::setup_link(&mut connection).await?;
            println!("{}{}?token={}", config.site.public_url.origin(), paths::SETUP, secret.reveal());
            println!("It makes the first administrator, works once and for an hour. No earlier link works any more.");
            Ok(())
        }
    }
}

async fn create(connection: &mut PgConnection, arguments: Create, config: &Config) -> Result<(), CliError> {
    let (password, made) = password(arguments.password_stdin)?;
    let creation = Creation {
        username: Username::parse(&arguments.username)?,
        email: Email::parse(&arguments.email)?,
        display_name: DisplayName::parse(arguments.display_name.as_deref().unwrap_or_default())?,
        password: PlainPassword::chosen(&password, config.passwords.policy)?,
        role: if arguments.admin { Role::Admin } else { Role::Member },
    };
    let own = OwnWords {
        username: Some(&creation.username),
        email: Some(&creation.email),
        display_name: creation.display_name.as_ref(),
        service_name: &config.site.name,
    };
    // One that was made here is nobody's habit.
    if !made && let Some(objection) = objection(&creation.password, &own) {
        return Err(objection.into());
    }
    admin::create(connection, &creation, &config.passwords).await?;
    println!("{} was created.", creation.username);
    if made {
        println!("Password, shown this once: {}", *password);
    }
    Ok(())
}

async fn give(connection: &mut PgConnection, name: &str, role: &str) -> Result<(), CliError> {
    let role = Role::from_code(role).ok_or("a role is member or admin")?;
    let (user, changed) = admin::set_role(connection, name, role).await?;
    let already = if changed { "now" } else { "already" };
    match role {
        Role::Admin => println!("{} is {already} an administrator.", user.username),
        Role::Member => println!("{} is {already} a member.", user.username),
    }
    Ok(())
}

/// The password on standard input, or a fresh one of 144 bits; and whether it was made here.
fn password(from_stdin: bool) -> Result<(Zeroizing<String>, bool), CliError> {
    if !from_stdin {
        return Ok((URL_SAFE_NO_PAD.encode(Entropy.bytes::<18>()).into(), true));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let length = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(length);
    Ok((line, false))
}

async fn show(connection: &mut PgConnection, name: &str) -> Result<(), CliError> {
    let user = admin::find(connection, name).await?;
    let when = |at: Option<OffsetDateTime>, otherwise: &str| {
        at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| otherwise.to_owned())
    };
    println!("id            {}", user.id);
    println!("username      {}", user.username);
    println!("display name  {}", user.display_name.as_deref().unwrap_or("-"));
    println!("e-mail        {}", user.email);
    println!("verified      {}", when(user.email_verified_at, "no"));
    println!("role          {}", user.role);
    println!("language      {}", user.language.as_deref().unwrap_or("-"));
    println!("created       {}", when(Some(user.created_at), "-"));
    println!("password set  {}", when(user.password_changed_at, "none"));
    let factors = admin::factors(connection, &user).await?;
    println!("passkeys      {}", factors.passkeys);
    println!("auth. apps    {}", factors.totp);
    println!("codes left    {}", factors.recovery_codes);
    println!("disabled      {}", when(user.disabled_at, "no"));
    println!("erased on     {}", when(user.deletion_due_at, "-"));
    Ok(())
}
