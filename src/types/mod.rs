//! The words the rest of the house speaks: pure values, no input or output.
//!
//! A value of one of these types is the proof that the text behind it was checked; nothing
//! downstream checks it again.

mod clock;
mod display_name;
mod email;
mod entropy;
mod ids;
mod lang;
mod local_path;
mod notice;
mod objection;
mod password;
mod token;
mod username;
mod when;

pub use clock::Clock;
pub use display_name::{DisplayName, DisplayNameError};
pub use email::{Email, EmailError};
pub use entropy::Entropy;
pub use ids::{PasskeyId, SessionId, TotpId, UserId};
pub use lang::Lang;
pub use local_path::LocalPath;
pub use notice::Notice;
pub use objection::{Objection, OwnWords, objection};
pub use password::{PasswordError, PasswordPolicy, PlainPassword};
pub use token::{SecretToken, TokenDigest};
pub use username::{Username, UsernameError};
pub use when::{Age, AgeUnit, Wait, WaitUnit};
