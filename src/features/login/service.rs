//! The use case: an attempt to sign in, from start to commit.

use serde_json::json;
use tower_sessions::Session;

use super::forms::LoginForm;
use crate::{
    accounts,
    audit::{self, Event},
    mail::{Kind, outbox},
    passwords::proof::{self, Attempt, Origin, Proof},
    sessions::Method,
    signin::{self, Entered, Entering},
    state::AppState,
    types::{Objection, OwnWords, UserId, objection},
    web::{AppError, Ctx, Visitor},
};

/// Judges an attempt and notes a refused one: with one write whether there is such an account or not.
pub async fn attempt(state: &AppState, ctx: &Ctx, form: &LoginForm) -> Result<Attempt, AppError> {
    let origin = Origin { address: ctx.client_ip(), browser: ctx.browser() };
    let password = form.password.clone();
    let counted = password.is_some();
    let attempt = proof::attempt(&state.db, &state.hasher, &form.identifier, password, origin).await?;
    if let (Attempt::Refused { user_id }, true) = (&attempt, counted) {
        refused(state, ctx, *user_id).await?;
    }
    Ok(attempt)
}

async fn refused(state: &AppState, ctx: &Ctx, user_id: Option<UserId>) -> Result<(), AppError> {
    let mut connection = state.db.acquire().await?;
    audit::record(&mut connection, &signin::entry(ctx, &Event::SignInFailed, user_id, None)).await?;
    Ok(())
}

/// Lets in whoever proved to know the password, or asks for a factor first.
pub async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    form: &LoginForm,
    proof: &Proof,
) -> Result<Entered, AppError> {
    let entering = Entering {
        user_id: proof.user_id,
        methods: &[Method::Password],
        proof: Some(proof),
        remember: form.remember,
        next: form.next.as_ref(),
    };
    signin::enter(state, ctx, visitor, session, entering).await
}

/// Whether the password has come onto the list of common ones since it was set. Nothing else is held
/// against a password that was taken once (ASVS 6.2.4; NIST SP 800-63B-4 section 3.1.1.2).
pub fn is_common(form: &LoginForm) -> bool {
    let objection = form.password.as_ref().and_then(|password| objection(password, &OwnWords::default()));
    objection == Some(Objection::Common)
}

/// Notes that somebody with the right password was kept out of an account that is going to be erased, and tells
/// its owner once more how to keep it.
pub async fn remind_of_deletion(state: &AppState, ctx: &Ctx, user_id: UserId) -> Result<(), AppError> {
    let mut transaction = state.db.begin().await?;
    let Some(user) = accounts::find(&mut transaction, user_id).await? else { return Ok(()) };
    let letter = user.letter(Kind::DeletionScheduled, ctx.lang(), json!({ "reminder": true }));
    outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    audit::record(&mut transaction, &signin::entry(ctx, &Event::SignInFailed, Some(user_id), None)).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(())
}
