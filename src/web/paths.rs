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
/// What happened in one's own account.
pub const ACTIVITY: &str = "/account/activity";
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
