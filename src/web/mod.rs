//! What every slice needs to speak HTTP: the request's facts, forms, pages, errors, access, the
//! session cookie, the headers on every answer, and the loop that accepts connections.

pub mod access;
pub mod cookies;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod csrf;
pub mod ctx;
pub mod device;
mod error;
pub mod error_page;
pub mod event;
mod form;
mod front;
pub mod mailed_link;
mod new_password;
pub mod notice;
mod origin;
mod page;
pub mod paths;
mod redirect;
mod request_log;
pub mod routes;
mod session_rows;
pub mod session_store;
mod task;
mod visitor;

pub use ctx::Ctx;
pub use error::AppError;
pub use form::{Fields, Submitted};
pub use front::Front;
pub use new_password::{PasswordError, new_password, new_password_of};
pub use page::{page, refused, refused_to, retry_seconds};
pub use redirect::{redirect, see_other, with_next};
pub use session_rows::{SessionRow, session_rows};
pub use visitor::{SignedIn, Visitor};
