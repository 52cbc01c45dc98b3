//! The interface of a slice.

use super::{email::EmailSpec, routes::Routes};
use crate::{accounts::Query, state::AppState};

/// A slice: its routes, background work and emails.
pub struct Slice {
    /// Adds its routes.
    pub routes: fn(Routes) -> Routes,
    /// Its background work.
    pub sweeps: &'static [Sweep],
    /// The emails it renders.
    pub emails: &'static [EmailSpec],
}

impl Slice {
    /// A slice that only has routes.
    pub const fn new(routes: fn(Routes) -> Routes) -> Self {
        Self { routes, sweeps: &[], emails: &[] }
    }
}

/// Background work that is repeated, such as deletion of expired rows.
pub struct Sweep {
    /// The name in the log, after the rows it handles.
    pub name: &'static str,
    /// When it runs.
    pub turn: Turn,
    /// Processes a batch and returns the number of rows; repeated until that is zero.
    pub run: for<'a> fn(&'a AppState) -> Query<'a, u64>,
}

/// When a sweep runs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Turn {
    /// When the service starts, and first in each round.
    Start,
    /// In each round.
    Round,
    /// Last in each round, because it may use up the round's time.
    Last,
}
