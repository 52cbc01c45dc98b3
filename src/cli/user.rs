//! `vestibule user …`: managing accounts.

use std::io::{self, BufRead as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    CliError, counted, database,
    output::{say, when},
    pool,
};
use crate::{
    accounts::{Role, User},
    app::FACTORS,
    audit::Recorder,
    config::Config,
    features::{
        admin::{self, Creation},
        groups,
    },
    passwords::hash::{self, Kernel},
    types::{DisplayName, Email, OwnWords, PlainPassword, Username, objection, random_bytes},
    web::paths,
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create an account; prints a random password unless one is given on standard input
    Create(Create),
    /// Show an account
    Show(Named),
    /// Disable an account and end its sessions
    Disable(Named),
    /// Enable an account and forget its failed sign-in attempts
    Enable(Named),
    /// End every session of an account
    ResetSessions(Named),
    /// Delete every passkey, authenticator app and recovery code of an account, and email its owner
    ResetFactors(Named),
    /// Email the owner of an account a link to set a new password
    Recover(Named),
    /// Correct an email address that was never verified, and email a link there to verify it
    Email {
        /// Username
        name: String,
        /// The right email address
        address: String,
    },
    /// Make an account an administrator, or a member again
    Role {
        /// Username or email address
        name: String,
        /// What the account may do
        #[arg(value_parser = ["member", "admin"])]
        role: String,
    },
    /// Print a new link that creates the first administrator
    SetupLink,
}

#[derive(Debug, Args)]
pub struct Create {
    /// Public name
    username: String,
    /// Email address
    email: String,
    /// Display name of the owner
    #[arg(long)]
    display_name: Option<String>,
    /// Make the account an administrator
    #[arg(long)]
    admin: bool,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct Named {
    /// Username or email address
    name: String,
}

/// Runs one command.
pub async fn run(command: UserCommand, config: &Config) -> Result<(), CliError> {
    let database = database::open(config).await?;
    let done = execute(command, config, &database).await;
    database.close().await;
    done
}

/// A recorder over a database with this version's schema.
pub async fn recorder(database: &database::Database) -> Result<Recorder, CliError> {
    Ok(Recorder::for_cli(pool(database).await?))
}

async fn execute(command: UserCommand, config: &Config, database: &database::Database) -> Result<(), CliError> {
    let by = recorder(database).await?;
    match command {
        UserCommand::Create(arguments) => create(&by, arguments, config).await?,
        UserCommand::SetupLink => setup_link(&by, config).await?,
        UserCommand::Show(Named { name }) => show(&by, &admin::find(&by, &name).await?).await?,
        UserCommand::Disable(Named { name }) => {
            let user = admin::find(&by, &name).await?;
            let ended = admin::disable(&by, user.id).await?;
            say!("Disabled {} and ended {}.", user.username, counted(ended, "session"));
        }
        UserCommand::Enable(Named { name }) => {
            let user = admin::find(&by, &name).await?;
            admin::enable(&by, user.id).await?;
            say!("Enabled {}.", user.username);
        }
        UserCommand::ResetSessions(Named { name }) => {
            let user = admin::find(&by, &name).await?;
            let ended = admin::reset_sessions(&by, user.id).await?;
            say!("Ended {} of {}.", counted(ended, "session"), user.username);
        }
        UserCommand::ResetFactors(Named { name }) => reset_factors(&by, &admin::find(&by, &name).await?).await?,
        UserCommand::Recover(Named { name }) => {
            let user = admin::find(&by, &name).await?;
            admin::recover(&by, user.id).await?;
            say!("Queued an email to the owner of {} with a link to set a new password.", user.username);
        }
        UserCommand::Email { name, address } => {
            let (user, email) = (admin::find(&by, &name).await?, Email::parse(&address)?);
            admin::correct_email(&by, user.id, &email).await?;
            say!("Changed the email address of {} and queued an email with a link to verify it.", user.username);
        }
        UserCommand::Role { name, role } => set_role(&by, &admin::find(&by, &name).await?, &role).await?,
    }
    Ok(())
}

async fn create(by: &Recorder, arguments: Create, config: &Config) -> Result<(), CliError> {
    let (text, generated) = password(arguments.password_stdin)?;
    let password = PlainPassword::chosen(&text, config.passwords.policy)?;
    let (username, email) = (Username::chosen(&arguments.username)?, Email::parse(&arguments.email)?);
    let display_name = DisplayName::parse(arguments.display_name.as_deref().unwrap_or_default())?;
    let own = OwnWords {
        username: Some(&username),
        email: Some(&email),
        display_name: display_name.as_ref(),
        service_name: &config.site.name,
    };
    if !generated && let Some(objection) = objection(&password, &own) {
        return Err(objection.into());
    }
    let mut kernel = Kernel::new(hash::choose_path()?);
    let password_hash = hash::hash(&mut kernel, &config.passwords.argon2, password.as_bytes())?;
    let role = if arguments.admin { Role::Admin } else { Role::Member };
    let creation = Creation { username, email, display_name, password_hash, role };
    admin::create(by, &creation).await?;
    say!("Created {}.", creation.username);
    if generated {
        say!("Password (shown once): {}", *text);
    }
    Ok(())
}

/// The password on standard input, or a random one of 144 bits; and whether it is random.
fn password(from_stdin: bool) -> Result<(Zeroizing<String>, bool), CliError> {
    if !from_stdin {
        return Ok((URL_SAFE_NO_PAD.encode(random_bytes::<18>()).into(), true));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let length = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(length);
    Ok((line, false))
}

async fn setup_link(by: &Recorder, config: &Config) -> Result<(), CliError> {
    let secret = admin::setup_link(by).await?;
    say!("{}{}?token={}", config.site.public_url.origin(), paths::SETUP, secret.reveal());
    say!("This link creates the first administrator. It works once, for one hour; earlier links no longer work.");
    Ok(())
}

async fn reset_factors(by: &Recorder, user: &User) -> Result<(), CliError> {
    let reset = admin::reset_factors(by, FACTORS, user.id).await?;
    let (factors, sessions) = (counted(reset.factors, "factor"), counted(reset.sessions, "session"));
    let name = &user.username;
    say!("Deleted {factors} of {name} and ended {sessions}.");
    if !reset.has_password {
        say!("{name} has no password; `vestibule user recover {name}` emails its owner a link to set one.");
    }
    Ok(())
}

async fn set_role(by: &Recorder, user: &User, role: &str) -> Result<(), CliError> {
    let role = role.parse::<Role>().map_err(|_| "a role is member or admin")?;
    let since = if admin::set_role(by, user.id, role).await? { "now" } else { "already" };
    let holder = if role == Role::Admin { "an administrator" } else { "a member" };
    say!("{} is {since} {holder}.", user.username);
    Ok(())
}

async fn show(by: &Recorder, user: &User) -> Result<(), CliError> {
    let factors = admin::factors(by, user.id).await?;
    let groups = groups::of_account(by, user.id).await?;
    let when = |at: Option<OffsetDateTime>, otherwise: &str| at.map_or_else(|| otherwise.to_owned(), when);
    say!("id            {}", user.id);
    say!("username      {}", user.username);
    say!("display name  {}", user.display_name.as_deref().unwrap_or("-"));
    say!("email         {}", user.email);
    say!("verified      {}", when(user.email_verified_at, "no"));
    say!("role          {}", user.role);
    say!("groups        {}", if groups.is_empty() { "-".to_owned() } else { groups.join(", ") });
    say!("language      {}", user.language.as_deref().unwrap_or("-"));
    say!("created       {}", when(Some(user.created_at), "-"));
    say!("password set  {}", when(user.password_changed_at, "none"));
    say!("passkeys      {}", factors.passkeys);
    say!("auth. apps    {}", factors.totp);
    say!("codes left    {}", factors.recovery_codes);
    say!("disabled      {}", when(user.disabled_at, "no"));
    say!("erased on     {}", when(user.deletion_due_at, "-"));
    Ok(())
}
