//! Log lines of security events, named as in the OWASP Logging Vocabulary where possible.
//!
//! A line has the request ID, the account ID if known, and the client's *network* (an IPv4 /24 or an IPv6 /48). A
//! network tells attacks apart and identifies no person.
//!
//! Lines that an unauthenticated client causes at will are sampled ([`Sampler`]).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tracing::{field::display, info, warn};

use super::{
    Event,
    event::{Entry, PasswordPrompt},
};
use crate::{
    telemetry::{Metrics, Sampler},
    types::Request,
};

/// Logs and counts a committed event. Events of jobs and commands are not logged, because they have no request.
pub(super) fn write(metrics: &Metrics, sampler: &Sampler, request: Option<&Request>, entry: &Entry) {
    let Some(request) = request else { return };
    match &entry.event {
        Event::SignedIn { .. } => metrics.sign_in("signed_in"),
        Event::SignInFailed { .. } => metrics.sign_in("refused"),
        Event::FactorFailed { .. } if entry.session_id.is_none() => metrics.sign_in("refused"),
        _ => {}
    }
    // Such a line does not name an account; the audit log has the account's events in full.
    let names_nobody = matches!(&entry.event, Event::SignInFailed { proven: false, .. });
    if !names_nobody || sampler.admits(network(request.address), "authn_login_fail") {
        line(request, entry);
    }
}

fn line(request: &Request, entry: &Entry) {
    let (request_id, network) = (&request.id, network(request.address));
    let (user_id, session_id) = (entry.user_id.map(display), entry.session_id.map(display));
    let account = |event: &str| info!(event, user_id, %network, request_id);
    let session = |event: &str| info!(event, user_id, session_id, %network, request_id);
    let updated = |what: &str| info!(event = "user_updated", what, user_id, %network, request_id);
    let email = |undone| info!(event = "user_updated", what = "email", undone, user_id, %network, request_id);
    let deletion = |planned| info!(event = "user_updated", what = "deletion", planned, user_id, %network, request_id);
    match &entry.event {
        Event::SignedUp => account("user_created"),
        Event::SignedIn { .. } => session("authn_login_success"),
        Event::SignInFailed { proven, .. } => {
            // A typed name alone does not identify an account.
            let user_id = user_id.filter(|_| *proven);
            info!(event = "authn_login_fail", user_id, %network, request_id);
        }
        Event::FactorFailed { .. } if entry.session_id.is_none() => account("authn_login_fail"),
        Event::FactorFailed { .. } | Event::PasswordMistyped { at: PasswordPrompt::Reauth } => {
            session("authn_reauth_fail");
        }
        Event::PasswordMistyped { at: PasswordPrompt::Change } => account("authn_password_change_fail"),
        Event::Reauthenticated => session("authn_reauth_success"),
        Event::PasskeyCopied => warn!(event = "authn_passkey_copied", user_id, %network, request_id),
        Event::GateTicketRefused { .. } => session("gate_ticket_refused"),
        Event::SignedOut => info!(event = "session_expired", reason = "logout", user_id, session_id, request_id),
        Event::SessionEnded { ended } => {
            info!(event = "session_expired", reason = "owner", user_id, session_id = %ended, %network, request_id);
        }
        Event::OtherSessionsEnded { count } => {
            info!(event = "session_expired", reason = "owner", count, user_id, %network, request_id);
        }
        Event::PasswordChanged | Event::PasswordReset | Event::PasswordRemoved => account("authn_password_change"),
        Event::EmailVerified => updated("email verified"),
        Event::EmailCorrected => updated("email corrected"),
        Event::EmailUndoClosed => updated("email undo closed"),
        Event::EmailChanged => email(false),
        Event::EmailChangeUndone => email(true),
        Event::DeletionScheduled => deletion(true),
        Event::DeletionUndone => deletion(false),
        Event::FactorAdded { factor } => updated(&format!("{factor} added")),
        Event::FactorRemoved { factor } => updated(&format!("{factor} removed")),
        Event::RecoveryCodesMade => updated("recovery codes made"),
        Event::RecoveryCodeUsed => updated("recovery code used"),
        Event::FactorsUndone => updated("factors undone"),
        Event::BrowserForgotten => updated("browser forgotten"),
        Event::RefreshReused { client_id } => token_reused(request, entry, "refresh", client_id),
        Event::CodeReused { client_id } => token_reused(request, entry, "code", client_id),
        Event::AppAuthorized { .. } => updated("app authorized"),
        Event::ConsentWithdrawn { .. } => updated("consent withdrawn"),
        _ => {}
    }
}

fn token_reused(request: &Request, entry: &Entry, token: &str, client_id: &str) {
    let (request_id, network, user_id) = (&request.id, network(request.address), entry.user_id.map(display));
    warn!(event = "authn_token_reuse", token, client_id, user_id, %network, request_id);
}

/// A sign-in was refused for a password that no account can have. Nothing was spent for it, so nothing is stored:
/// otherwise it would fill the audit log at will.
pub fn impossible_password(metrics: &Metrics, sampler: &Sampler, request: &Request) {
    let event = Event::sign_in_failed(false);
    write(metrics, sampler, Some(request), &Entry { event, user_id: None, session_id: None });
}

/// A password reset was requested. For which account, if any, is decided when its email is rendered.
pub fn recovery_requested(request: &Request) {
    info!(event = "authn_recovery_asked", network = %network(request.address), request_id = request.id);
}

/// Logs a rate limit.
pub fn limited(sampler: &Sampler, request: &Request, route: &'static str) {
    let network = network(request.address);
    if sampler.admits(network, "excess_rate_limit_exceeded") {
        warn!(event = "excess_rate_limit_exceeded", route, %network, request_id = request.id);
    }
}

/// Logs a form with a missing or wrong CSRF token, or from another site.
pub fn form_refused(sampler: &Sampler, request: &Request) {
    let network = network(request.address);
    if sampler.admits(network, "csrf_refused") {
        info!(event = "csrf_refused", %network, request_id = request.id);
    }
}

/// Logs a request of a proxy that was refused for what the operator has set.
pub fn refused(sampler: &Sampler, request: &Request, route: &'static str, reason: &'static str) {
    let network = network(request.address);
    if sampler.admits(network, "gate_refused") {
        warn!(event = "gate_refused", reason, route, %network, request_id = request.id);
    }
}

/// Logs a page denied by role.
pub fn denied(request: &Request, route: &'static str, user_id: crate::types::UserId) {
    warn!(event = "authz_fail", route, %user_id, network = %network(request.address), request_id = request.id);
}

/// The network of an address, as it stands in the log.
pub fn network(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(address) => Ipv4Net::new_assert(address, 24).trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 48).trunc().into(),
    }
}
