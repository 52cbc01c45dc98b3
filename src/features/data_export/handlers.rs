//! The page with the button, and the document.

use axum::http::{HeaderValue, header};

use super::{pages::DataPage, service};
use crate::web::{Answer, AppError, Ctx, JSON, SignedIn, Submitted};

/// `GET /account/data`.
pub async fn show(ctx: Ctx) -> Answer {
    ctx.page(&DataPage { notice: ctx.take_notice() })
}

/// `POST /account/data`.
pub async fn download(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    let document = service::export(&ctx.state, ctx.request(), &me).await?;
    let body = serde_json::to_vec_pretty(&document).map_err(|_| AppError::fault("an export that is no JSON"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"account-data.json\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    ctx.answer((headers, body))
}
