//! Administration of accounts, behind the command line and, later, the console.
//!
//! 1. A caller says who acts with a [`Recorder`](crate::audit::Recorder), finds an account by what its owner calls it
//!    ([`find`]), and names it by its id from then on.
//! 2. Each function is one transaction, with its audit events and email.
//! 3. The last usable administrator is neither disabled nor demoted, whatever the caller, also under a race.

mod model;
mod service;

pub use model::{AdminError, Creation, FactorsReset};
pub use service::{
    correct_email, create, disable, enable, factors, find, recover, reset_factors, reset_sessions, set_role, setup_link,
};
