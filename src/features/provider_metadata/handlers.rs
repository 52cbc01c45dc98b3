//! Answers from memory.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
};

use super::model::{Descriptor, Resource};
use crate::{
    types::StaticDocument,
    web::{Answer, AppError, Ctx, JSON, Parameters, is_known},
};

/// How long a cache may answer for us. A new key is published a day before it signs.
const KEEP: &str = "public, max-age=300";

pub async fn metadata(ctx: Ctx, headers: HeaderMap, document: StaticDocument) -> Answer {
    answer(&ctx, &headers, &document)
}

pub async fn jwks(ctx: Ctx, headers: HeaderMap) -> Answer {
    let document = ctx.state.signing.jwks().await?;
    answer(&ctx, &headers, &document)
}

fn answer(ctx: &Ctx, headers: &HeaderMap, document: &StaticDocument) -> Answer {
    let about = [(header::CACHE_CONTROL, KEEP), (header::ETAG, document.tag())];
    if is_known(headers, document.tag()) {
        return ctx.answer((StatusCode::NOT_MODIFIED, about));
    }
    ctx.answer((about, [(header::CONTENT_TYPE, JSON)], document.bytes()))
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
