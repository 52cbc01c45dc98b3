//! Requests and responses.

use axum::{Json, http::header};

use super::{
    forms::TokenRequest,
    service::{code, credentials, refresh},
};
use crate::web::{Answer, Client, Ctx, Parameters};

const JSON: &str = "application/json; charset=utf-8";

pub async fn issue(ctx: Ctx, Client(app): Client, parameters: Parameters) -> Answer {
    let (state, request) = (&ctx.state, ctx.request());
    let tokens = match TokenRequest::parse(&parameters)? {
        TokenRequest::Code(wanted) => code::exchange(state, request, &app, &wanted).await?,
        TokenRequest::Refresh(wanted) => refresh::refresh(state, request, &app, &wanted).await?,
        TokenRequest::Credentials(wanted) => credentials::grant(state, request, &app, &wanted).await?,
    };
    // RFC 6749 section 5.1; `Cache-Control: no-store` is on every response.
    ctx.answer(([(header::CONTENT_TYPE, JSON), (header::PRAGMA, "no-cache")], Json(tokens)))
}
