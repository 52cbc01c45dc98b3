//! Commands that change one app.

use clap::{Args, Subcommand};

use super::{CliError, Named, add::Settings, say, when};
use crate::{
    apps::registry::Registration,
    audit::Recorder,
    features::apps::{self, AppError},
};

#[derive(Debug, Args)]
pub struct Set {
    /// Client id, or name if no other app has it
    app: String,
    /// What people read when they sign in to the app
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
pub enum RedirectCommand {
    /// Add an address
    Add(Address),
    /// Remove an address
    Remove(Address),
}

#[derive(Debug, Args)]
pub struct Address {
    /// Client id, or name if no other app has it
    name: String,
    /// The address, exactly as the app sends it
    uri: String,
    /// What the address is for
    #[arg(long, default_value = "redirect", value_parser = ["redirect", "post-logout", "origin", "gate"])]
    kind: String,
}

#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Issue another secret, and print it once
    Add(Named),
    /// List secrets by their last four characters
    List(Named),
    /// Revoke a secret
    Revoke {
        /// Client id, or name if no other app has it
        name: String,
        /// The last four characters of the secret
        #[arg(allow_hyphen_values = true)]
        hint: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Admit the members of a group
    Add(Member),
    /// Admit them no longer
    Remove(Member),
}

#[derive(Debug, Args)]
pub struct Member {
    /// Client id, or name if no other app has it
    name: String,
    /// The group
    group: String,
}

/// Changes settings, and says which.
pub async fn set(by: &Recorder, arguments: &Set) -> Result<(), CliError> {
    let edit = |app: &mut Registration| {
        if let Some(name) = &arguments.name {
            app.name.clone_from(name);
        }
        arguments.settings.overrides().apply(app);
        Ok(())
    };
    changed(by, &arguments.app, edit).await
}

/// Adds or removes an address.
pub async fn redirect(by: &Recorder, command: &RedirectCommand) -> Result<(), CliError> {
    let (is_added, Address { name, uri, kind }) = match command {
        RedirectCommand::Add(address) => (true, address),
        RedirectCommand::Remove(address) => (false, address),
    };
    let edit = |app: &mut Registration| {
        let list = match kind.as_str() {
            "post-logout" => &mut app.post_logouts,
            "origin" => &mut app.origins,
            "gate" => &mut app.gates,
            _ => &mut app.redirects,
        };
        put(list, uri, is_added);
        Ok(())
    };
    changed(by, name, edit).await
}

/// Adds or removes a group.
pub async fn group(by: &Recorder, command: &GroupCommand) -> Result<(), CliError> {
    let (is_added, Member { name, group }) = match command {
        GroupCommand::Add(member) => (true, member),
        GroupCommand::Remove(member) => (false, member),
    };
    let edit = |app: &mut Registration| {
        put(&mut app.groups, group, is_added);
        Ok(())
    };
    changed(by, name, edit).await
}

/// Issues, lists or revokes secrets.
pub async fn secret(by: &Recorder, command: &SecretCommand) -> Result<(), CliError> {
    match command {
        SecretCommand::Add(Named { name }) => {
            let app = apps::find(by, name).await?;
            let secret = apps::issue_secret(by, &app.client_id).await?;
            say!("Client secret of {} (shown once): {}", app.client_id, secret.reveal());
            if let [older, _] = &apps::secrets(by, app.id).await?[..] {
                let (id, hint) = (&app.client_id, &older.hint);
                say!(
                    "The one before still works. When the app has the new one: vestibule app secret revoke {id} {hint}"
                );
            }
        }
        SecretCommand::List(Named { name }) => {
            let app = apps::find(by, name).await?;
            let secrets = apps::secrets(by, app.id).await?;
            if secrets.is_empty() {
                say!("{} has no secrets.", app.client_id);
            }
            for secret in secrets {
                say!("{}  issued {}", secret.hint, when(secret.created_at));
            }
        }
        SecretCommand::Revoke { name, hint } => {
            let app = apps::find(by, name).await?;
            apps::revoke_secret(by, &app.client_id, hint).await?;
            say!("Revoked the secret of {} that ends in {hint}.", app.client_id);
        }
    }
    Ok(())
}

fn put(list: &mut Vec<String>, item: &str, is_added: bool) {
    list.retain(|found| found != item);
    if is_added {
        list.push(item.to_owned());
    }
}

async fn changed(
    by: &Recorder,
    name: &str,
    edit: impl FnOnce(&mut Registration) -> Result<(), AppError>,
) -> Result<(), CliError> {
    let client_id = apps::find(by, name).await?.client_id;
    let lines = apps::change(by, &client_id, edit).await?;
    if lines.is_empty() {
        say!("{client_id} is so already; nothing changed.");
        return Ok(());
    }
    say!("Changed {client_id}:");
    for line in lines {
        say!("  {line}");
    }
    say!("Everything else is unchanged.");
    Ok(())
}
