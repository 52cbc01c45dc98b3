//! Domain values: pure types without input or output.
//!
//! Holding one of these values proves that the text behind it was validated; nothing downstream checks it again.

mod app_token;
mod certificate;
mod clock;
mod display_name;
mod document;
mod email;
mod email_typo;
mod exported_time;
mod group_name;
mod ids;
mod invisible;
mod lang;
mod notice;
mod objection;
mod official;
mod password;
mod request;
mod return_to;
mod token;
mod username;
mod when;

pub use app_token::{AppToken, TokenKind};
pub use certificate::certificate_fault;
pub use clock::{instant, now, random_bytes, random_uuid};
pub use display_name::{DisplayName, DisplayNameError, Label, LabelError};
pub use document::StaticDocument;
pub use email::{Email, EmailError};
pub use exported_time::ExportedTime;
pub use group_name::{GroupName, GroupNameError};
pub use ids::{AppId, GrantId, GroupId, SessionId, UserId};
pub use invisible::{is_invisible, trimmed};
pub use lang::Lang;
pub use notice::Notice;
pub use objection::{Objection, OwnWords, objection};
pub use official::is_official;
pub use password::{PasswordError, PasswordPolicy, PlainPassword};
pub use request::Request;
pub use return_to::ReturnTo;
pub use token::{SecretToken, TokenDigest};
pub use username::{Username, UsernameError};
pub use when::{Age, AgeUnit, Moment, Throttled, Wait, WaitUnit};
