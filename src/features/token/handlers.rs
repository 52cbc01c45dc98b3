//! Requests and responses.

use axum::http::{HeaderValue, header};

use super::{
    forms::TokenRequest,
    service::{code, credentials, refresh},
};
use crate::web::{Answer, AnswerExt as _, Client, Ctx, Parameters};

pub async fn issue(ctx: Ctx, Client(app): Client, parameters: Parameters) -> Answer {
    let (state, request) = (&ctx.state, ctx.request());
    let tokens = match TokenRequest::parse(&parameters)? {
        TokenRequest::Code(wanted) => code::exchange(state, request, &app, &wanted).await?,
        TokenRequest::Refresh(wanted) => refresh::refresh(state, request, &app, &wanted).await?,
        TokenRequest::Credentials(wanted) => credentials::grant(state, request, &app, &wanted).await?,
    };
    // RFC 6749 section 5.1; `Cache-Control: no-store` is on every response.
    let no_cache = HeaderValue::from_static("no-cache");
    ctx.json(tokens).headers(|headers, _| drop(headers.insert(header::PRAGMA, no_cache)))
}
