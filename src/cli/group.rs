//! `vestibule group …`: managing groups of accounts.

use clap::{Args, Subcommand};

use super::{
    CliError, counted, database,
    output::{say, when},
    user::recorder,
};
use crate::{
    accounts::User,
    audit::Recorder,
    config::Config,
    features::{
        admin,
        groups::{self, Changed},
    },
    types::{GroupName, UserId},
};

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Create a group
    Add {
        /// The name that apps receive
        group: String,
        /// What the group is for, in words
        #[arg(long)]
        title: Option<String>,
    },
    /// Remove a group, unless an app admits it
    Remove(Named),
    /// List the groups
    List,
    /// Show a group and its members
    Show(Named),
    /// Add accounts to a group and remove accounts from it
    Members(Members),
    /// Set what a group is for, in words, or remove that
    Title {
        /// Name of the group
        group: String,
        /// What the group is for; nothing removes it
        title: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Named {
    /// Name of the group
    group: String,
}

#[derive(Debug, Args)]
pub struct Members {
    /// Name of the group
    group: String,
    /// Accounts to add, by username or email address
    #[arg(long, value_name = "USER", num_args = 1.., required_unless_present = "remove")]
    add: Vec<String>,
    /// Accounts to remove, by username or email address
    #[arg(long, value_name = "USER", num_args = 1..)]
    remove: Vec<String>,
}

/// Runs one command.
pub async fn run(command: GroupCommand, config: &Config) -> Result<(), CliError> {
    let database = database::open(config).await?;
    let done = execute(command, &database).await;
    database.close().await;
    done
}

async fn execute(command: GroupCommand, database: &database::Database) -> Result<(), CliError> {
    let by = recorder(database).await?;
    match command {
        GroupCommand::Add { group, title } => {
            let (group, title) = (GroupName::parse(&group)?, groups::title(title.as_deref().unwrap_or_default())?);
            groups::create(&by, &group, title.as_ref()).await?;
            say!("Created the group {group}.");
        }
        GroupCommand::Remove(Named { group }) => {
            let group = GroupName::parse(&group)?;
            let members = groups::remove(&by, &group).await?;
            say!("Removed the group {group}, which had {}.", counted(members as u64, "member"));
        }
        GroupCommand::List => list(&by).await?,
        GroupCommand::Show(Named { group }) => show(&by, &GroupName::parse(&group)?).await?,
        GroupCommand::Members(arguments) => change_members(&by, &arguments).await?,
        GroupCommand::Title { group, title } => {
            let (group, title) = (GroupName::parse(&group)?, groups::title(title.as_deref().unwrap_or_default())?);
            groups::set_title(&by, &group, title.as_ref()).await?;
            match title {
                Some(title) => say!("Set the title of the group {group} to \"{}\".", title.as_str()),
                None => say!("Removed the title of the group {group}."),
            }
        }
    }
    Ok(())
}

async fn list(by: &Recorder) -> Result<(), CliError> {
    let listed = groups::list(by).await?;
    let width = listed.iter().map(|group| group.name.len()).max().unwrap_or_default();
    for group in &listed {
        let members = counted(group.members.unsigned_abs(), "member");
        let title = group.title.as_ref().map(|title| format!("  {title}")).unwrap_or_default();
        say!("{:width$}  {members}{title}", group.name);
    }
    if listed.is_empty() {
        say!("No groups yet; `vestibule group add` creates one.");
    }
    Ok(())
}

async fn show(by: &Recorder, name: &GroupName) -> Result<(), CliError> {
    let groups::Shown { group, apps, members } = groups::show(by, name).await?;
    say!("id        {}", group.id);
    say!("name      {}", group.name);
    say!("title     {}", group.title.as_deref().unwrap_or("-"));
    say!("created   {}", when(group.created_at));
    say!("apps      {}", if apps.is_empty() { "-".to_owned() } else { apps.join(", ") });
    say!("members   {}", members.len());
    for member in &members {
        say!("  {}  since {}", member.username, when(member.added_at));
    }
    Ok(())
}

async fn change_members(by: &Recorder, arguments: &Members) -> Result<(), CliError> {
    let group = GroupName::parse(&arguments.group)?;
    let (add, remove) = (find_all(by, &arguments.add).await?, find_all(by, &arguments.remove).await?);
    let ids = |users: &[User]| users.iter().map(|user| user.id).collect::<Vec<_>>();
    let Changed { added, removed } = groups::change_members(by, &group, &ids(&add), &ids(&remove)).await?;
    report(&add, &added, &format!("to {group}"), "Added", &format!("already in {group}"));
    report(&remove, &removed, &format!("from {group}"), "Removed", &format!("not in {group}"));
    Ok(())
}

/// Finds accounts, each once, however often it is named.
async fn find_all(by: &Recorder, names: &[String]) -> Result<Vec<User>, CliError> {
    let mut found: Vec<User> = Vec::new();
    for name in names {
        let user = admin::find(by, name).await?;
        if found.iter().all(|other| other.id != user.id) {
            found.push(user);
        }
    }
    Ok(found)
}

/// Says which accounts a change was about, and which of them it left as they were.
fn report(users: &[User], changed: &[UserId], where_to: &str, did: &str, state: &str) {
    let (done, left): (Vec<&User>, Vec<&User>) = users.iter().partition(|user| changed.contains(&user.id));
    let names = |users: &[&User]| users.iter().map(|user| user.username.as_str()).collect::<Vec<_>>().join(", ");
    if !done.is_empty() {
        say!("{did} {} {where_to}: {}.", counted(done.len() as u64, "account"), names(&done));
    }
    if !left.is_empty() {
        let were = if left.len() == 1 { "was" } else { "were" };
        say!("{} {were} {state}: {}.", counted(left.len() as u64, "account"), names(&left));
    }
}
