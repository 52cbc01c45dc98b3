//! The language switch, which sets a cookie.

use crate::{
    types::Lang,
    web::{Access, Answer, AnswerExt as _, AppError, Ctx, Slice, Submitted, paths},
};

/// The language switch.
pub const SLICE: Slice = Slice::new(|r| r.post(paths::LANGUAGE, Access::Public, submit).anew());

async fn submit(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let lang: Lang = form.get("language").parse().map_err(|_| AppError::BadRequest("an unknown language"))?;
    ctx.see_other(form.next().unwrap_or_default().as_str()).language(Some(lang))
}
