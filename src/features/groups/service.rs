//! The use cases. `by` says who acts.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    model::{Changed, GroupError, ListedGroup, Shown},
    store,
};
use crate::{
    accounts,
    audit::{Event, Recorder},
    types::{GroupName, GroupNameError, Label, UserId},
};

/// Creates a group without members.
///
/// # Errors
/// When the name is reserved or taken.
pub async fn create(by: &Recorder, name: &GroupName, title: Option<&Label>) -> Result<(), GroupError> {
    if let Some(prefix) = name.reserved_prefix() {
        return Err(GroupNameError::Reserved(prefix).into());
    }
    let mut unit = by.begin().await?;
    if !store::insert(&mut unit, name, title).await? {
        return Err(GroupError::NameTaken(name.clone()));
    }
    unit.record_without_account(Event::GroupCreated { group: name.to_string() });
    Ok(unit.commit().await?)
}

/// Removes a group. Returns how many members it had.
///
/// # Errors
/// [`GroupError::NoSuchGroup`] and [`GroupError::Admitted`].
pub async fn remove(by: &Recorder, name: &GroupName) -> Result<usize, GroupError> {
    let mut unit = by.begin().await?;
    let no_such_group = || GroupError::NoSuchGroup(name.clone());
    let id = store::lock_for_removal(&mut unit, name).await?.ok_or_else(no_such_group)?;
    // Under the lock no app can begin to admit it.
    let apps = store::apps(&mut unit, id).await?;
    if !apps.is_empty() {
        return Err(GroupError::Admitted { group: name.clone(), apps });
    }
    let members = store::remove_all(&mut unit, id).await?;
    store::delete(&mut unit, id).await?;
    for member in &members {
        unit.record(Event::RemovedFromGroup { group: name.to_string() }, *member, None);
    }
    unit.record_without_account(Event::GroupRemoved { group: name.to_string() });
    unit.commit().await?;
    Ok(members.len())
}

/// Lists the groups with the number of their members.
pub async fn list(by: &Recorder) -> Result<Vec<ListedGroup>, GroupError> {
    Ok(store::list(&mut *by.db.acquire().await?).await?)
}

/// Shows a group with its members and the apps that admit it.
///
/// # Errors
/// [`GroupError::NoSuchGroup`].
pub async fn show(by: &Recorder, name: &GroupName) -> Result<Shown, GroupError> {
    let mut connection = by.db.acquire().await?;
    let found = store::find(&mut connection, name).await?;
    let group = found.ok_or_else(|| GroupError::NoSuchGroup(name.clone()))?;
    let apps = store::apps(&mut connection, group.id).await?;
    let members = store::members(&mut connection, group.id).await?;
    Ok(Shown { group, apps, members })
}

/// Lists the names of an account's groups.
pub async fn of_account(by: &Recorder, id: UserId) -> Result<Vec<String>, GroupError> {
    Ok(store::names_of(&mut *by.db.acquire().await?, id).await?)
}

/// Sets what a group is for, or removes that.
///
/// # Errors
/// [`GroupError::NoSuchGroup`].
pub async fn set_title(by: &Recorder, name: &GroupName, title: Option<&Label>) -> Result<(), GroupError> {
    if store::set_title(&mut *by.db.acquire().await?, name, title).await? {
        Ok(())
    } else {
        Err(GroupError::NoSuchGroup(name.clone()))
    }
}

/// Adds accounts to a group and removes others, all of them or none. Adding a member again changes nothing, and neither
/// does removing an account that is not in the group.
///
/// # Errors
/// [`GroupError::NoSuchGroup`], [`GroupError::NoSuchAccount`], and [`GroupError::Contradiction`] for an account in both.
pub async fn change_members(
    by: &Recorder,
    name: &GroupName,
    add: &[UserId],
    remove: &[UserId],
) -> Result<Changed, GroupError> {
    if add.iter().any(|id| remove.contains(id)) {
        return Err(GroupError::Contradiction);
    }
    let mut unit = by.begin().await?;
    let group = store::lock(&mut unit, name).await?.ok_or_else(|| GroupError::NoSuchGroup(name.clone()))?;
    let accounts: BTreeSet<Uuid> = add.iter().chain(remove).map(|id| id.0).collect();
    for id in accounts.into_iter().map(UserId) {
        if !accounts::lock(&mut unit, id).await? {
            return Err(GroupError::NoSuchAccount(id));
        }
    }
    let added = store::add(&mut unit, group, add).await?;
    let removed = store::remove(&mut unit, group, remove).await?;
    for id in &added {
        unit.record(Event::AddedToGroup { group: name.to_string() }, *id, None);
    }
    for id in &removed {
        unit.record(Event::RemovedFromGroup { group: name.to_string() }, *id, None);
    }
    unit.commit().await?;
    Ok(Changed { added, removed })
}
