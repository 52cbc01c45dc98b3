//! Every path of the service.

/// Redirects to the dashboard or to the sign-in page.
pub const HOME: &str = "/";
/// Sign up.
pub const REGISTER: &str = "/register";
/// Sign in.
pub const LOGIN: &str = "/login";
/// Second step of signing in: a code of an authenticator app.
pub const LOGIN_TOTP: &str = "/login/totp";
/// Second step of signing in: a recovery code.
pub const LOGIN_RECOVERY_CODE: &str = "/login/recovery-code";
/// Sign in with a passkey, alone or as the second step.
pub const LOGIN_PASSKEY: &str = "/login/passkey";
/// The WebAuthn challenge for it, for the page's script.
pub const LOGIN_PASSKEY_OPTIONS: &str = "/login/passkey/options";
/// Sign out.
pub const LOGOUT: &str = "/logout";
/// The start page of a signed-in user.
pub const DASHBOARD: &str = "/dashboard";
/// Verify an address: target of the emailed link, and the page of an unverified account.
pub const VERIFY: &str = "/verify";
/// Correct an address that was mistyped at sign-up.
pub const VERIFY_ADDRESS: &str = "/verify/address";
/// Request another verification email.
pub const VERIFY_RESEND: &str = "/verify/resend";
/// Request account recovery.
pub const RECOVER: &str = "/recover";
/// Set a new password: target of the emailed link.
pub const RECOVER_RESET: &str = "/recover/reset";
/// Reauthenticate with the password.
pub const REAUTH: &str = "/reauth";
/// Reauthenticate with a code of an authenticator app.
pub const REAUTH_TOTP: &str = "/reauth/totp";
/// Reauthenticate with a recovery code.
pub const REAUTH_RECOVERY_CODE: &str = "/reauth/recovery-code";
/// Reauthenticate with a passkey.
pub const REAUTH_PASSKEY: &str = "/reauth/passkey";
/// The WebAuthn challenge for it, for the page's script.
pub const REAUTH_PASSKEY_OPTIONS: &str = "/reauth/passkey/options";
/// Redirects to the first account page.
pub const ACCOUNT: &str = "/account";
/// Display name and language.
pub const ACCOUNT_PROFILE: &str = "/account/profile";
/// Change the password.
pub const ACCOUNT_PASSWORD: &str = "/account/password";
/// Change the email address.
pub const ACCOUNT_EMAIL: &str = "/account/email";
/// Confirm a new address: target of the emailed link.
pub const ACCOUNT_EMAIL_CONFIRM: &str = "/account/email/confirm";
/// Restore the old address: target of the emailed link.
pub const ACCOUNT_EMAIL_UNDO: &str = "/account/email/undo";
/// End the undo of earlier address changes.
pub const ACCOUNT_EMAIL_CLOSE: &str = "/account/email/close";
/// Devices where the user is signed in.
pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
/// Sign out one other device.
pub const ACCOUNT_SESSIONS_END: &str = "/account/sessions/end";
/// Sign out all other devices.
pub const ACCOUNT_SESSIONS_END_OTHERS: &str = "/account/sessions/end-others";
/// Ways to sign in: passkeys, authenticator apps, recovery codes.
pub const ACCOUNT_FACTORS: &str = "/account/factors";
/// Add an authenticator app.
pub const ACCOUNT_TOTP: &str = "/account/factors/totp";
/// Confirm it with its first code.
pub const ACCOUNT_TOTP_CONFIRM: &str = "/account/factors/totp/confirm";
/// Rename an authenticator app.
pub const ACCOUNT_TOTP_RENAME: &str = "/account/factors/totp/rename";
/// Remove an authenticator app.
pub const ACCOUNT_TOTP_REMOVE: &str = "/account/factors/totp/remove";
/// Add a passkey.
pub const ACCOUNT_PASSKEYS: &str = "/account/factors/passkeys";
/// The WebAuthn challenge for it, for the page's script.
pub const ACCOUNT_PASSKEYS_OPTIONS: &str = "/account/factors/passkeys/options";
/// Rename a passkey.
pub const ACCOUNT_PASSKEYS_RENAME: &str = "/account/factors/passkeys/rename";
/// Remove a passkey.
pub const ACCOUNT_PASSKEYS_REMOVE: &str = "/account/factors/passkeys/remove";
/// Generate recovery codes.
pub const ACCOUNT_RECOVERY_CODES: &str = "/account/factors/recovery-codes";
/// Download the displayed recovery codes as a file.
pub const ACCOUNT_RECOVERY_CODES_FILE: &str = "/account/factors/recovery-codes/file";
/// Confirm that the displayed recovery codes are saved, or go on without that.
pub const ACCOUNT_RECOVERY_CODES_SAVED: &str = "/account/factors/recovery-codes/saved";
/// Remove the password.
pub const ACCOUNT_PASSWORD_REMOVE: &str = "/account/password/remove";
/// Forget a trusted browser.
pub const ACCOUNT_BROWSERS_FORGET: &str = "/account/browsers/forget";
/// Apps that the user has allowed something.
pub const ACCOUNT_APPS: &str = "/account/apps";
/// Take that back from one app.
pub const ACCOUNT_APPS_REMOVE: &str = "/account/apps/remove";
/// The account's activity.
pub const ACCOUNT_ACTIVITY: &str = "/account/activity";
/// Download the account's data.
pub const ACCOUNT_DATA: &str = "/account/data";
/// Delete the account.
pub const ACCOUNT_DELETE: &str = "/account/delete";
/// Cancel the deletion: target of the emailed link.
pub const ACCOUNT_DELETE_UNDO: &str = "/account/delete/undo";
/// Create the first administrator.
pub const SETUP: &str = "/setup";
/// The language switcher.
pub const LANGUAGE: &str = "/language";
/// The authorization endpoint (RFC 6749 section 3.1).
pub const OAUTH_AUTHORIZE: &str = "/oauth/authorize";
/// The same, for apps that add a slash to every endpoint.
pub const OAUTH_AUTHORIZE_SLASH: &str = "/oauth/authorize/";
/// Asks a person to allow an app.
pub const OAUTH_CONSENT: &str = "/oauth/consent";
/// The current session, for apps.
pub const API_SESSION: &str = "/api/v1/session";
/// The OpenAPI description of what apps may call.
pub const API_OPENAPI: &str = "/api/openapi.json";
/// The token endpoint of apps (RFC 6749).
pub const OAUTH_TOKEN: &str = "/oauth/token";
/// The same, for apps that end every address with a slash.
pub const OAUTH_TOKEN_SLASH: &str = "/oauth/token/";
/// Where apps push their requests beforehand (RFC 9126).
pub const OAUTH_PAR: &str = "/oauth/par";
/// The same, for apps that end every address with a slash.
pub const OAUTH_PAR_SLASH: &str = "/oauth/par/";
/// What a token is worth (RFC 7662).
pub const OAUTH_INTROSPECT: &str = "/oauth/introspect";
/// Revokes a token (RFC 7009).
pub const OAUTH_REVOKE: &str = "/oauth/revoke";
/// Who the person is (OpenID Connect Core section 5.3).
pub const OAUTH_USERINFO: &str = "/oauth/userinfo";
/// Where the nginx of a protected host asks about a request.
pub const GATE_NGINX: &str = "/gate/nginx";
/// Where Traefik asks.
pub const GATE_TRAEFIK: &str = "/gate/traefik";
/// Where Caddy asks.
pub const GATE_CADDY: &str = "/gate/caddy";
/// Where HAProxy asks.
pub const GATE_HAPROXY: &str = "/gate/haproxy";
/// Where Envoy asks about the root of a protected host.
pub const GATE_ENVOY: &str = "/gate/envoy/";
/// Where Envoy asks about any other path, which it appends.
pub const GATE_ENVOY_PATH: &str = "/gate/envoy/{*path}";
/// Signs in to a protected host.
pub const GATE: &str = "/gate";
/// The way to a protected host failed, and can be tried again.
pub const GATE_AGAIN: &str = "/gate/again";
/// The visitor left a protected host.
pub const GATE_LEFT: &str = "/gate/left";
/// What lies below is on protected hosts, whose proxies hand it over.
pub(super) const ON_OTHER_HOSTS: &str = "/.vestibule/";
/// On a protected host: leads to [`GATE`].
pub const HOST_KNOCK: &str = "/.vestibule/knock";
/// On a protected host: takes the ticket that [`GATE`] gave.
pub const HOST_ENTER: &str = "/.vestibule/enter";
/// On a protected host: ends its session.
pub const HOST_LEAVE: &str = "/.vestibule/leave";
/// Redirects password managers to the page that changes the password (W3C).
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";
/// What we are and support, for apps (OpenID Connect Discovery 1.0).
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// The same (RFC 8414).
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
/// Who is responsible for an address (RFC 7033).
pub const WEBFINGER: &str = "/.well-known/webfinger";
/// The public keys that tokens are verified with (RFC 7517).
pub const OAUTH_JWKS: &str = "/oauth/jwks";
/// Where apps send people to sign out (OpenID Connect RP-Initiated Logout 1.0).
pub const OAUTH_LOGOUT: &str = "/oauth/logout";
/// The answer of the person whom it asks.
pub const OAUTH_LOGOUT_CONFIRM: &str = "/oauth/logout/confirm";
/// Liveness probe.
pub const LIVEZ: &str = "/livez";
/// Readiness probe.
pub const READYZ: &str = "/readyz";
/// Stylesheets, scripts and icon, under a digest of their content.
pub const STATIC: &str = "/static/{digest}/{name}";
/// The icon that browsers request by default.
pub const FAVICON: &str = "/favicon.ico";
/// Rules for crawlers.
pub const ROBOTS: &str = "/robots.txt";
/// The mailbox of a development machine.
pub const DEV_MAIL: &str = "/dev/mail";
/// One email in it.
pub const DEV_MAIL_EMAIL: &str = "/dev/mail/{id}";
/// Its HTML part, as a mail program would show it.
pub const DEV_MAIL_HTML: &str = "/dev/mail/{id}/html";

/// Our paths, including everything below them.
const OURS: [&str; 12] = [
    "/account",
    "/dashboard",
    "/dev",
    "/login",
    "/logout",
    "/oauth/consent",
    "/recover",
    "/reauth",
    "/register",
    "/return",
    "/setup",
    "/verify",
];

/// Returns whether a local path is one of our pages that does not redirect to an app. Other paths belong to apps.
pub fn is_ours(local: &str) -> bool {
    let path = local.split(['?', '#']).next().unwrap_or_default();
    let below = |ours: &str| path.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path == HOME || OURS.iter().any(|ours| below(ours))
}

/// Endpoints that apps call, whose errors are in the dialect of OAuth 2.0.
const CALLED_BY_APPS: [&str; 7] =
    [OAUTH_TOKEN, OAUTH_TOKEN_SLASH, OAUTH_PAR, OAUTH_PAR_SLASH, OAUTH_INTROSPECT, OAUTH_REVOKE, OAUTH_USERINFO];

/// Returns whether a path is an endpoint that apps call, also with a method that it does not have.
pub(super) fn is_called_by_apps(path: &str) -> bool {
    CALLED_BY_APPS.contains(&path)
}

/// Returns whether a route signs in, so that its refusals count as sign-ins.
pub(super) fn is_sign_in(route: &str) -> bool {
    route == LOGIN || (route.starts_with("/login/") && !route.ends_with("/options"))
}
