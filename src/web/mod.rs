//! The HTTP toolkit of all slices: context, forms, pages, errors, access and the session cookie.

pub mod access;
mod answer;
pub mod broken_link;
pub mod cookies;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod csrf;
mod ctx;
pub mod device;
pub mod email;
mod error;
pub mod error_page;
mod etag;
mod form;
mod form_again;
mod front;
mod head;
mod new_password;
pub mod oauth;
mod once;
mod origin;
mod parameters;
pub mod paths;
mod popup;
pub mod redirect;
mod refusal;
mod request_log;
pub mod routes;
mod session_layer;
mod session_rows;
mod slice;
mod task;
mod visitor;

pub use access::{Access, Writes};
pub use answer::{Answer, AnswerExt, JSON};
pub use ctx::Ctx;
pub use error::AppError;
pub use etag::is_known;
pub use form::{Fields, Submitted};
pub use front::Front;
pub use new_password::{PasswordError, new_password, new_password_of};
pub use oauth::{Bearer, Client, OAuthCode, OAuthError};
pub use once::store::sweep as sweep_form_answers;
pub use parameters::{Parameters, Repeated};
pub use redirect::{next_query, with_next};
pub use refusal::Refusal;
#[doc(hidden)] // for tests, which hold a request while its session ends
pub use session_layer::DigestedStore;
pub use session_layer::{CookieId, SessionCookie, store_id};
pub use session_rows::{SessionRow, session_rows};
pub use slice::{Slice, Sweep, Turn};
pub use visitor::{SignedIn, Visitor};
