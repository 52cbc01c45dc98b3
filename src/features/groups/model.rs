//! What groups are, and why a change may be refused.

use time::OffsetDateTime;

use crate::types::{GroupId, GroupName, GroupNameError, Label, LabelError, UserId};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// No group can have the name, or a new one cannot.
    #[error(transparent)]
    Name(#[from] GroupNameError),
    /// The title has too many characters.
    #[error("the title of a group has at most 64 characters")]
    TitleTooLong,
    /// The title has a control character or a mark that reorders the text around it.
    #[error("the title of a group has no control characters")]
    TitleCharacters,
    /// Another group has the name.
    #[error("there is already a group called {0}")]
    NameTaken(GroupName),
    /// No group has the name.
    #[error("no group called {0}")]
    NoSuchGroup(GroupName),
    /// These apps admit the group.
    #[error("{group} cannot be removed while an app admits it: {}", apps.join(", "))]
    Admitted {
        /// The group.
        group: GroupName,
        /// The `client_id`s of the apps.
        apps: Vec<String>,
    },
    /// An account is to be added and removed at once.
    #[error("an account cannot be both added and removed")]
    Contradiction,
    /// An account was erased meanwhile.
    #[error("no account has the id {0}")]
    NoSuchAccount(UserId),
    /// The database's.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Checks a typed title; returns `None` for a blank one.
///
/// # Errors
/// The first rule that the text breaks.
pub fn title(text: &str) -> Result<Option<Label>, GroupError> {
    match Label::parse(text) {
        Ok(title) => Ok(Some(title)),
        Err(LabelError::Missing) => Ok(None),
        Err(LabelError::TooLong { .. }) => Err(GroupError::TitleTooLong),
        Err(LabelError::Characters) => Err(GroupError::TitleCharacters),
    }
}

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// The name that apps receive.
    pub name: String,
    /// What it is for, in words.
    pub title: Option<String>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// A group in a list.
#[derive(Clone, Debug)]
pub struct ListedGroup {
    /// The name that apps receive.
    pub name: String,
    /// What it is for, in words.
    pub title: Option<String>,
    /// How many accounts are in it.
    pub members: i64,
}

/// An account in a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// The username.
    pub username: String,
    /// When it was added.
    pub added_at: OffsetDateTime,
}

/// A group with what depends on it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The group.
    pub group: Group,
    /// The `client_id`s of the apps that admit it.
    pub apps: Vec<String>,
    /// Its members, by username.
    pub members: Vec<Member>,
}

/// What a change of members did; everyone else was in the group already, or was not in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changed {
    /// Accounts that are in the group now, and were not before.
    pub added: Vec<UserId>,
    /// Accounts that were in the group before, and are not now.
    pub removed: Vec<UserId>,
}
