//! Every path of the service, by name.

/// To the dashboard or to the sign-in page.
pub const HOME: &str = "/";
/// Sign up.
pub const REGISTER: &str = "/register";
/// Sign in.
pub const LOGIN: &str = "/login";
/// Sign in, second step: a code of an authenticator app.
pub const LOGIN_TOTP: &str = "/login/totp";
/// Sign in, second step: a recovery code.
pub const LOGIN_RECOVERY_CODE: &str = "/login/recovery-code";
/// Sign in with a passkey, alone or as the second step.
pub const LOGIN_PASSKEY: &str = "/login/passkey";
/// The challenge for that passkey, for the page's script.
pub const LOGIN_PASSKEY_OPTIONS: &str = "/login/passkey/options";
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
/// Prove it by a code of an authenticator app.
pub const REAUTH_TOTP: &str = "/reauth/totp";
/// Prove it by a recovery code.
pub const REAUTH_RECOVERY_CODE: &str = "/reauth/recovery-code";
/// Prove it by a passkey.
pub const REAUTH_PASSKEY: &str = "/reauth/passkey";
/// The challenge for that passkey, for the page's script.
pub const REAUTH_PASSKEY_OPTIONS: &str = "/reauth/passkey/options";
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
/// Passkeys, authenticator apps, recovery codes: what proves who you are beside the password.
pub const ACCOUNT_FACTORS: &str = "/account/factors";
/// Add an authenticator app.
pub const ACCOUNT_TOTP: &str = "/account/factors/totp";
/// Show a first code of it.
pub const ACCOUNT_TOTP_CONFIRM: &str = "/account/factors/totp/confirm";
/// Rename one.
pub const ACCOUNT_TOTP_RENAME: &str = "/account/factors/totp/rename";
/// Remove one.
pub const ACCOUNT_TOTP_REMOVE: &str = "/account/factors/totp/remove";
/// Add a passkey.
pub const ACCOUNT_PASSKEYS: &str = "/account/factors/passkeys";
/// The challenge for it, for the page's script.
pub const ACCOUNT_PASSKEYS_OPTIONS: &str = "/account/factors/passkeys/options";
/// Rename one.
pub const ACCOUNT_PASSKEYS_RENAME: &str = "/account/factors/passkeys/rename";
/// Remove one.
pub const ACCOUNT_PASSKEYS_REMOVE: &str = "/account/factors/passkeys/remove";
/// Make recovery codes.
pub const ACCOUNT_RECOVERY_CODES: &str = "/account/factors/recovery-codes";
/// Take the codes that a page shows along as a file.
pub const ACCOUNT_RECOVERY_CODES_FILE: &str = "/account/factors/recovery-codes/file";
/// Live without a password.
pub const ACCOUNT_PASSWORD_REMOVE: &str = "/account/password/remove";
/// Forget that a browser is to be asked for no second factor.
pub const ACCOUNT_BROWSERS_FORGET: &str = "/account/browsers/forget";
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
