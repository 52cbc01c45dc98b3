//! Requests and responses.

use axum::http::StatusCode;

use super::service;
use crate::web::{Answer, AppError, Client, Ctx, OAuthError, Parameters};

pub async fn introspect(ctx: Ctx, Client(app): Client, parameters: Parameters) -> Answer {
    let answer = service::introspect(&ctx.state, ctx.request(), &app, token(&parameters)?).await?;
    ctx.json(answer)
}

pub async fn revoke(ctx: Ctx, Client(app): Client, parameters: Parameters) -> Answer {
    service::revoke(&ctx.state, ctx.request(), &app, token(&parameters)?).await?;
    ctx.answer(StatusCode::OK)
}

/// The token. A hint of its type is not needed: its prefix tells.
fn token(parameters: &Parameters) -> Result<&str, AppError> {
    parameters.one("token")?.ok_or_else(|| OAuthError::invalid_request("token is missing").into())
}
