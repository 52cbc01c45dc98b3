//! All SQL of groups and their members, except what sessions and apps read of them.

use sqlx::PgConnection;

use super::model::{Group, ListedGroup, Member};
use crate::types::{GroupId, GroupName, Label, UserId};

/// Inserts a group. Returns whether its name was free.
pub async fn insert(connection: &mut PgConnection, name: &GroupName, title: Option<&Label>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into groups (id, name, title) values ($1, $2, $3) on conflict (name) do nothing",
        GroupId::random() as GroupId,
        name.as_str(),
        title.map(Label::as_str),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Finds a group.
pub async fn find(connection: &mut PgConnection, name: &GroupName) -> sqlx::Result<Option<Group>> {
    sqlx::query_as!(
        Group,
        r#"select id as "id: GroupId", name, title, created_at from groups where name = $1"#,
        name.as_str(),
    )
    .fetch_optional(connection)
    .await
}

/// Locks a group until the end of the transaction, so that it stays.
pub async fn lock(connection: &mut PgConnection, name: &GroupName) -> sqlx::Result<Option<GroupId>> {
    let query =
        sqlx::query_scalar!(r#"select id as "id: GroupId" from groups where name = $1 for key share"#, name.as_str());
    query.fetch_optional(connection).await
}

/// Locks a group until the end of the transaction, so that no member and no app is given to it.
pub async fn lock_for_removal(connection: &mut PgConnection, name: &GroupName) -> sqlx::Result<Option<GroupId>> {
    let query =
        sqlx::query_scalar!(r#"select id as "id: GroupId" from groups where name = $1 for update"#, name.as_str());
    query.fetch_optional(connection).await
}

/// Deletes a group without members.
pub async fn delete(connection: &mut PgConnection, id: GroupId) -> sqlx::Result<()> {
    sqlx::query!("delete from groups where id = $1", id as GroupId).execute(connection).await.map(drop)
}

/// Sets or removes the title of a group. Returns whether there is such a group.
pub async fn set_title(connection: &mut PgConnection, name: &GroupName, title: Option<&Label>) -> sqlx::Result<bool> {
    let done = sqlx::query!("update groups set title = $2 where name = $1", name.as_str(), title.map(Label::as_str))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists the groups by name.
pub async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<ListedGroup>> {
    sqlx::query_as!(
        ListedGroup,
        r#"
        select g.name, g.title, (select count(*) from group_members m where m.group_id = g.id) as "members!"
        from groups g order by g.name
        "#
    )
    .fetch_all(connection)
    .await
}

/// Lists the members of a group by username.
pub async fn members(connection: &mut PgConnection, id: GroupId) -> sqlx::Result<Vec<Member>> {
    sqlx::query_as!(
        Member,
        "select u.username, m.added_at from group_members m join users u on u.id = m.user_id where m.group_id = $1
        order by u.username",
        id as GroupId,
    )
    .fetch_all(connection)
    .await
}

/// Lists the apps that admit a group by their `client_id`.
pub async fn apps(connection: &mut PgConnection, id: GroupId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select a.client_id from app_groups ag join apps a on a.id = ag.app_id where ag.group_id = $1
        order by a.client_id",
        id as GroupId,
    )
    .fetch_all(connection)
    .await
}

/// Lists the names of an account's groups.
pub async fn names_of(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select g.name from group_members m join groups g on g.id = m.group_id where m.user_id = $1 order by g.name",
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Adds accounts to a group. Returns those that were not in it.
pub async fn add(connection: &mut PgConnection, id: GroupId, accounts: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"
        insert into group_members (group_id, user_id) select $1, new.id from unnest($2::uuid[]) as new (id)
        on conflict (group_id, user_id) do nothing returning user_id as "user_id: UserId"
        "#,
        id as GroupId,
        accounts as &[UserId],
    )
    .fetch_all(connection)
    .await
}

/// Removes accounts from a group. Returns those that were in it.
pub async fn remove(connection: &mut PgConnection, id: GroupId, accounts: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"delete from group_members where group_id = $1 and user_id = any($2) returning user_id as "user_id: UserId""#,
        id as GroupId,
        accounts as &[UserId],
    )
    .fetch_all(connection)
    .await
}

/// Removes every account from a group, and returns them.
pub async fn remove_all(connection: &mut PgConnection, id: GroupId) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"delete from group_members where group_id = $1 returning user_id as "user_id: UserId""#,
        id as GroupId,
    )
    .fetch_all(connection)
    .await
}
