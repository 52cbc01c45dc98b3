//! Groups of accounts, behind the command line and, later, the console.
//!
//! 1. A group is flat: it has accounts and no groups. Its name never changes, because apps know it by that.
//! 2. The names of an account's groups are part of its session ([`crate::sessions`]), so that apps and `/api/v1/session`
//!    see the loss of a group with the next request on every replica.
//! 3. A group is not removed while an app admits it: without any group, the app would admit everyone.
//! 4. Accounts are locked in the order of their ids after the group, so that changes wait for each other and none fails.

mod export;
mod model;
mod service;
mod store;

pub use export::{ExportedGroup, export};
pub use model::{Changed, Group, GroupError, ListedGroup, Member, Shown, title};
pub use service::{change_members, create, list, of_account, remove, set_title, show};
