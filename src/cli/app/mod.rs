//! `vestibule app …`: managing apps.

mod add;
mod apply;
mod change;
mod check;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    CliError, counted, database,
    output::{say, when},
    user::recorder,
};
use crate::{
    config::Config,
    features::apps::{self, Endpoints, Recipe},
};

pub use apply::at_start;

#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Add an app; prints all that must be entered there, and its secret once
    Add(Box<add::Add>),
    /// List the apps
    List,
    /// Show an app; its secrets only by their last four characters
    Show(Named),
    /// Change settings of an app; what is not given stays as it is
    Set(Box<change::Set>),
    /// Disable an app and end its grants, from the next request on
    Disable(Named),
    /// Enable an app
    Enable(Named),
    /// Remove an app with its grants, secrets and addresses
    Remove(Named),
    /// Add or remove an address of an app
    #[command(subcommand)]
    Redirect(change::RedirectCommand),
    /// Issue, list or revoke secrets of an app, which has at most two
    #[command(subcommand)]
    Secret(change::SecretCommand),
    /// Choose the groups that an app admits; without any, it admits everyone
    #[command(subcommand)]
    Group(change::GroupCommand),
    /// Make apps what a TOML file says, all of them or none; leaves others alone
    Apply {
        /// The file
        file: PathBuf,
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Check an app as far as that is possible without signing in
    Check(Named),
    /// List the recipes for well-known apps
    Recipes,
}

#[derive(Debug, Args)]
pub struct Named {
    /// Client id, or name if no other app has it
    name: String,
}

/// Runs one command.
pub async fn run(command: AppCommand, config: &Config) -> Result<(), CliError> {
    if let AppCommand::Recipes = command {
        return recipes();
    }
    let database = database::open(config).await?;
    let done = execute(command, config, &database).await;
    database.close().await;
    done
}

async fn execute(command: AppCommand, config: &Config, database: &database::Database) -> Result<(), CliError> {
    let by = &recorder(database).await?;
    match command {
        AppCommand::Add(arguments) => add::add(by, &arguments, config).await?,
        AppCommand::List => show::list(by).await?,
        AppCommand::Show(Named { name }) => show::show(by, &name, &endpoints(config)).await?,
        AppCommand::Set(arguments) => change::set(by, &arguments).await?,
        AppCommand::Disable(Named { name }) => {
            let app = apps::find(by, &name).await?;
            let ended = apps::disable(by, &app.client_id).await?;
            say!("Disabled {} and ended {}.", app.client_id, counted(ended, "grant"));
        }
        AppCommand::Enable(Named { name }) => {
            let app = apps::find(by, &name).await?;
            apps::enable(by, &app.client_id).await?;
            say!("Enabled {}. Its people sign in again.", app.client_id);
        }
        AppCommand::Remove(Named { name }) => {
            let app = apps::find(by, &name).await?;
            let ended = apps::remove(by, &app.client_id).await?;
            say!("Removed {} and ended {}.", app.client_id, counted(ended, "grant"));
        }
        AppCommand::Redirect(command) => change::redirect(by, &command).await?,
        AppCommand::Secret(command) => change::secret(by, &command).await?,
        AppCommand::Group(command) => change::group(by, &command).await?,
        AppCommand::Apply { file, dry_run } => apply::apply(by, &file, dry_run, &endpoints(config)).await?,
        AppCommand::Check(Named { name }) => check::check(by, &name, config).await?,
        AppCommand::Recipes => {}
    }
    Ok(())
}

fn endpoints(config: &Config) -> Endpoints {
    Endpoints { issuer: config.site.public_url.origin() }
}

fn recipes() -> Result<(), CliError> {
    for name in Recipe::names() {
        let recipe = Recipe::find(&name)?;
        let tried = recipe.tried.map_or("untried".to_owned(), |version| format!("tried with {version}"));
        say!("{name:<16} {:<24} {tried}", recipe.name);
    }
    say!("\nUntried: written from the app's own documentation, and not run with it yet.");
    Ok(())
}
