//! Security events in the log, under the names of the OWASP Logging Vocabulary where it has one.
//!
//! They carry the request's id, the account's id where there is one, and the client's *network*
//! (an IPv4 /24, an IPv6 /48), which tells attacks apart and names nobody. The full address of a
//! session stands in the database, where its owner sees it and it is deleted with the session.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Ctx;
use crate::types::{SessionId, UserId};

/// Somebody signed in.
pub fn login_succeeded(ctx: &Ctx, user_id: UserId, session_id: SessionId) {
    let (request_id, network) = (ctx.request_id(), network(ctx.client_ip()));
    tracing::info!(event = "authn_login_success", %user_id, %session_id, %network, request_id);
}

/// A sign-in was refused. Whose it was is said where something else than a typed name has shown it: a mailed
/// link, or the right password before a wrong factor.
pub fn login_failed(ctx: &Ctx, user_id: Option<UserId>) {
    let user_id = user_id.map(tracing::field::display);
    tracing::info!(event = "authn_login_fail", user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// The owner of a session proved again who they are.
pub fn reauthenticated(ctx: &Ctx, user_id: UserId, session_id: SessionId) {
    let (request_id, network) = (ctx.request_id(), network(ctx.client_ip()));
    tracing::info!(event = "authn_reauth_success", %user_id, %session_id, %network, request_id);
}

/// Somebody in a session could not prove again that it is theirs.
pub fn reauthentication_failed(ctx: &Ctx, user_id: UserId, session_id: SessionId) {
    let (request_id, network) = (ctx.request_id(), network(ctx.client_ip()));
    tracing::info!(event = "authn_reauth_fail", %user_id, %session_id, %network, request_id);
}

/// A way back in is asked for. For which account, if any, is found when its letter is written.
pub fn recovery_asked(ctx: &Ctx) {
    tracing::info!(event = "authn_recovery_asked", network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// A visitor asked for a page that their role does not open.
pub fn denied(ctx: &Ctx, user_id: UserId) {
    tracing::warn!(event = "authz_fail", route = ctx.route(), %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// Somebody tries too often.
pub fn limited(ctx: &Ctx, what: &'static str) {
    tracing::warn!(event = "excess_rate_limit_exceeded", what, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// Somebody signed out.
pub fn signed_out(ctx: &Ctx, user_id: UserId, session_id: SessionId) {
    tracing::info!(event = "session_expired", reason = "logout", %user_id, %session_id, request_id = ctx.request_id());
}

/// One session was ended from another of the same account.
pub fn session_ended(ctx: &Ctx, user_id: UserId, session_id: SessionId) {
    tracing::info!(event = "session_expired", reason = "owner", %user_id, %session_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// All sessions of an account but one were ended from that one.
pub fn other_sessions_ended(ctx: &Ctx, user_id: UserId, count: u64) {
    tracing::info!(event = "session_expired", reason = "owner", count, %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// An account was made.
pub fn registered(ctx: &Ctx, user_id: UserId) {
    tracing::info!(event = "user_created", %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// A password was replaced.
pub fn password_changed(ctx: &Ctx, user_id: UserId) {
    tracing::info!(event = "authn_password_change", %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// A password was not replaced, because the present one was wrong.
pub fn password_change_failed(ctx: &Ctx, user_id: UserId) {
    tracing::info!(event = "authn_password_change_fail", %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// An address was shown to be its owner's.
pub fn email_verified(ctx: &Ctx, user_id: UserId) {
    tracing::info!(event = "user_updated", what = "email verified", %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// An account has another address.
pub fn email_changed(ctx: &Ctx, user_id: UserId, undone: bool) {
    tracing::info!(event = "user_updated", what = "email", undone, %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// An account was set to be erased, or kept after all.
pub fn deletion_planned(ctx: &Ctx, user_id: UserId, planned: bool) {
    tracing::info!(event = "user_updated", what = "deletion", planned, %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// A passkey counted backwards: there is a copy of what should exist once (WebAuthn level 3 section 6.1.1).
pub fn passkey_copied(ctx: &Ctx, user_id: UserId) {
    tracing::warn!(event = "authn_passkey_copied", %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// What an account is entered by became more or less.
pub fn factors_changed(ctx: &Ctx, user_id: UserId, what: &'static str) {
    tracing::info!(event = "user_updated", what, %user_id, network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

/// A form came without its token, or from another site.
pub fn form_refused(ctx: &Ctx) {
    tracing::info!(event = "csrf_refused", network = %network(ctx.client_ip()), request_id = ctx.request_id());
}

fn network(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(address) => Ipv4Net::new_assert(address, 24).trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 48).trunc().into(),
    }
}
