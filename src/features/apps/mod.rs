//! The registry of apps, behind the command line and the file of apps.
//!
//! 1. What an operator says about an app becomes a [`Checked`] registration, or a [`Mistake`] that names its field.
//! 2. A [`Recipe`] knows the addresses and settings of a well-known app, and what to paste there.
//! 3. Each service function is one transaction with its audit events. A secret is returned once and stored as its digest.
//! 4. Disabling an app ends its grants. Replicas notice each change at once.
//! 5. A file of apps ([`read_file`]) says what the apps that it names are. [`apply`] does all of it or nothing, and leaves
//!    other apps alone.

mod forms;
mod model;
mod service;

pub use forms::read as read_file;
pub use model::{
    AppError, Applied, Checked, Entry, Mistake, Outcome, Overrides,
    recipe::{Endpoints, Recipe, Values},
    slug,
};
pub use service::{
    Apply, add, apply, change, disable, enable, find, issue_secret, list, remove, revoke_secret, secrets,
};
