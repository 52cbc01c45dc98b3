//! How a visitor proves who they are, and how long that proof holds: password hashes and the pool
//! that computes them, limits on guessing, known browsers, and the session row.

mod assurance;
pub mod attempts;
pub mod ceremonies;
pub mod ended_sessions;
pub mod hasher;
pub mod known_browsers;
pub mod lookup;
mod new_hash;
mod next_step;
pub mod password_hash;
pub mod pending;
pub mod per_network;
pub mod proof;
mod relying_party;
pub mod sealing;
pub mod sessions;

pub use assurance::{Aal, Method, amr};
pub use new_hash::{NewHash, new_hash};
pub use next_step::{Challenge, Step, challenges, next_step, strongest};
pub use relying_party::relying_party;
