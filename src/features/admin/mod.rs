//! Administration of accounts, behind the command line and, later, the console.
//!
//! 1. A caller passes the actor in a [`Recorder`](crate::audit::Recorder), finds an account by username or address
//!    ([`find`]), and refers to it by its id from then on.
//! 2. Each function is one transaction, with its audit events and email.
//! 3. The last usable administrator cannot be disabled or demoted by any caller, even concurrently.

mod model;
mod service;

pub use model::{AdminError, Creation, FactorsReset};
pub use service::{
    correct_email, create, disable, enable, factors, find, recover, reset_factors, reset_sessions, set_role, setup_link,
};
