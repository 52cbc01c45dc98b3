//! Every path of the service, by name.

/// To the dashboard or to the sign-in page.
pub const HOME: &str = "/";
/// Sign up.
pub const REGISTER: &str = "/register";
/// Sign in.
pub const LOGIN: &str = "/login";
/// Sign out.
pub const LOGOUT: &str = "/logout";
/// Who you are, and where you are signed in.
pub const DASHBOARD: &str = "/dashboard";
/// Verify an address: where its mailed link leads, and where an account without one waits.
pub const VERIFY: &str = "/verify";
/// Ask for that link again.
pub const VERIFY_RESEND: &str = "/verify/resend";
/// Ask for a way back in.
pub const RECOVER: &str = "/recover";
/// Set a new password, where the mailed link leads.
pub const RECOVER_RESET: &str = "/recover/reset";
/// Prove again who you are.
pub const REAUTH: &str = "/reauth";
/// To the first of the account's pages.
pub const ACCOUNT: &str = "/account";
/// Name and language.
pub const ACCOUNT_PROFILE: &str = "/account/profile";
/// Change the password.
pub const ACCOUNT_PASSWORD: &str = "/account/password";
/// Change the address.
pub const ACCOUNT_EMAIL: &str = "/account/email";
/// Confirm a new address, where its mailed link leads.
pub const ACCOUNT_EMAIL_CONFIRM: &str = "/account/email/confirm";
/// Take the old address back, where its mailed link leads.
pub const ACCOUNT_EMAIL_UNDO: &str = "/account/email/undo";
/// Where you are signed in.
pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
/// End one other session.
pub const ACCOUNT_SESSIONS_END: &str = "/account/sessions/end";
/// End all other sessions.
pub const ACCOUNT_SESSIONS_END_OTHERS: &str = "/account/sessions/end-others";
/// What happened to the account.
pub const ACCOUNT_ACTIVITY: &str = "/account/activity";
/// Everything that is kept about the account.
pub const ACCOUNT_DATA: &str = "/account/data";
/// Have the account erased.
pub const ACCOUNT_DELETE: &str = "/account/delete";
/// Keep it after all, where the mailed link leads.
pub const ACCOUNT_DELETE_UNDO: &str = "/account/delete/undo";
/// Make the first administrator.
pub const SETUP: &str = "/setup";
/// The language switch.
pub const LANGUAGE: &str = "/language";
/// Who am I, for apps.
pub const API_SESSION: &str = "/api/v1/session";
/// Where password managers look for the way to change a password (W3C).
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";
/// The process answers.
pub const LIVEZ: &str = "/livez";
/// The service can serve.
pub const READYZ: &str = "/readyz";
/// Style, script and icon, under a digest of their content.
pub const STATIC: &str = "/static/{digest}/{name}";
/// What browsers ask for unasked.
pub const FAVICON: &str = "/favicon.ico";
/// What crawlers ask for.
pub const ROBOTS: &str = "/robots.txt";
/// The mailbox of a development machine.
pub const DEV_MAIL: &str = "/dev/mail";
/// One letter in it.
pub const DEV_MAIL_LETTER: &str = "/dev/mail/{id}";
/// The same as its reader's mail program would show it.
pub const DEV_MAIL_HTML: &str = "/dev/mail/{id}/html";
