//! Answers from memory.

use axum::{Json, body::Bytes, http::header};

use super::model::{Descriptor, Resource};
use crate::web::{Answer, AppError, Ctx, JSON, Parameters};

/// How long a cache may answer for us. A new key is published a day before it signs.
const KEEP: &str = "public, max-age=300";

pub async fn metadata(ctx: Ctx, document: Bytes) -> Answer {
    ctx.answer(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, KEEP)], document))
}

pub async fn jwks(ctx: Ctx) -> Answer {
    let document = ctx.state.signing.jwks().await?;
    ctx.answer(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, KEEP)], document))
}

pub async fn webfinger(ctx: Ctx, parameters: Parameters) -> Answer {
    let resource = parameters.one("resource").ok().flatten().ok_or(AppError::BadRequest("one resource is needed"))?;
    let public_url = &ctx.state.config.site.public_url;
    match Resource::of(resource, public_url.url()) {
        Resource::Ours => {}
        Resource::Others => return Err(AppError::NotFound),
        Resource::Malformed => return Err(AppError::BadRequest("the resource is no address")),
    }
    let issuer = public_url.origin();
    let descriptor = Descriptor::of(resource, parameters.all("rel"), &issuer);
    ctx.answer((
        [(header::CONTENT_TYPE, "application/jrd+json; charset=utf-8"), (header::CACHE_CONTROL, KEEP)],
        Json(descriptor),
    ))
}
