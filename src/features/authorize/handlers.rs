//! The authorization endpoint and the consent page.

use axum::http::StatusCode;
use cookie::time::Duration;
use serde_json::json;

use super::{
    model::{AppAnswer, Decision},
    pages::{ConsentPage, FormPostPage, LeavePage, NoAccessPage, StoppedPage},
    service::{self, Arrived, Flow, Outcome, Resumed, Visitor},
};
use crate::{
    apps::requests,
    http::headers::form_to,
    sessions::return_paths,
    types::{ReturnTo, SecretToken},
    web::{
        self, Answer, AnswerExt as _, AppError, Client, Ctx, Parameters, Submitted, cookies::Name, paths,
        redirect::see_other, with_next,
    },
};

/// Lifetime of the cookies of a stored request.
const KEPT_FOR: Duration = Duration::minutes(10);

/// `GET /oauth/authorize`.
pub async fn show(ctx: Ctx, parameters: Parameters) -> Answer {
    let flow = match service::check(&ctx.state, ctx.request(), &parameters).await? {
        Arrived::Malformed => return stop(&ctx, StoppedPage::malformed()),
        Arrived::Over => return stop(&ctx, StoppedPage::over()),
        Arrived::Answer { answer, popup } => return deliver(&ctx, &answer, false).in_popup(popup),
        Arrived::Good(flow) => flow,
    };
    let answer = match service::advance(&ctx.state, ctx.request(), &flow, visitor(&ctx)).await? {
        Outcome::Answer(answer) => deliver(&ctx, &answer, false),
        Outcome::Over => stop(&ctx, StoppedPage::over()),
        Outcome::First(decision) => begin(&ctx, &flow, decision).await,
    };
    answer.in_popup(flow.app.popup)
}

/// `POST /oauth/authorize`. A form from another site carries no cookies, so the next page reads them.
pub async fn submit(ctx: Ctx, parameters: Parameters) -> Answer {
    let flow = match service::check(&ctx.state, ctx.request(), &parameters).await? {
        Arrived::Malformed => return stop(&ctx, StoppedPage::malformed()),
        Arrived::Over => return stop(&ctx, StoppedPage::over()),
        Arrived::Answer { answer, popup } => return deliver(&ctx, &answer, true).in_popup(popup),
        Arrived::Good(flow) => flow,
    };
    let (browser, path) = store(&ctx, &flow).await?;
    kept(&ctx, ctx.see_other(path), &browser, &flow).in_popup(flow.app.popup)
}

/// `POST /oauth/par` (RFC 9126 section 2).
pub async fn push(ctx: Ctx, Client(app): Client, parameters: Parameters) -> Answer {
    let id = service::push(&ctx.state, ctx.request(), &app, &parameters).await?;
    let pushed = json!({ "request_uri": requests::uri(&id), "expires_in": requests::PUSHED_LIFETIME.as_secs() });
    ctx.json(pushed).status(StatusCode::CREATED)
}

/// `GET /oauth/authorize/continue`.
pub async fn resume(ctx: Ctx) -> Answer {
    let id = ctx.query("request").as_deref().and_then(SecretToken::parse);
    let flow = match service::resume(&ctx.state, id.clone(), ctx.app_cookie()).await? {
        Resumed::Good(flow) => flow,
        Resumed::Over => return stop(&ctx, StoppedPage::over()),
        Resumed::Foreign => return Err(AppError::NotFound),
    };
    match service::advance(&ctx.state, ctx.request(), &flow, visitor(&ctx)).await? {
        Outcome::Answer(answer) => deliver(&ctx, &answer, false),
        Outcome::Over => stop(&ctx, StoppedPage::over()),
        Outcome::First(decision) => lead(&ctx, &flow, decision, &path_of(&flow)).await,
    }
}

/// `GET /oauth/consent`.
pub async fn show_consent(ctx: Ctx) -> Answer {
    let id = ctx.next().as_ref().and_then(requests::id_in);
    let flow = match service::resume(&ctx.state, id, ctx.app_cookie()).await? {
        Resumed::Good(flow) => flow,
        Resumed::Over => return stop(&ctx, StoppedPage::over()),
        Resumed::Foreign => return Err(AppError::NotFound),
    };
    let decision = service::decision(&ctx.state, ctx.request(), &flow, visitor(&ctx)).await?;
    match (decision, ctx.visitor().session()) {
        (Decision::Consent, Some(_)) if ctx.wants_json() => Err(AppError::Unconsented),
        (Decision::Consent, Some(live)) => ctx.page(&ConsentPage::new(&flow, live, path_of(&flow))),
        _ => ctx.answer(onwards(&path_of(&flow))),
    }
}

/// `POST /oauth/consent`.
pub async fn submit_consent(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let id = form.next().as_ref().and_then(requests::id_in);
    let flow = match service::resume(&ctx.state, id, ctx.app_cookie()).await? {
        Resumed::Good(flow) => flow,
        Resumed::Over => return stop(&ctx, StoppedPage::over()),
        Resumed::Foreign => return Err(AppError::NotFound),
    };
    let allowed = match form.get("answer") {
        "allow" => true,
        "deny" => false,
        _ => return ctx.see_other(with_next(paths::OAUTH_CONSENT, &path_of(&flow))),
    };
    match service::answer_consent(&ctx.state, ctx.request(), &flow, visitor(&ctx), allowed).await? {
        Outcome::Answer(answer) => deliver(&ctx, &answer, true),
        Outcome::Over => stop(&ctx, StoppedPage::over()),
        Outcome::First(_) => ctx.answer(onwards(&path_of(&flow))),
    }
}

fn visitor(ctx: &Ctx) -> Visitor<'_> {
    match ctx.visitor() {
        web::Visitor::Anonymous => Visitor::Nobody,
        web::Visitor::Unverified(_) => Visitor::Unverified,
        web::Visitor::SignedIn(live) => Visitor::SignedIn(live),
    }
}

/// Ends a request with a page, or for JSON clients with a problem document.
fn stop(ctx: &Ctx, page: StoppedPage) -> Answer {
    if ctx.wants_json() { Err(page.problem()) } else { ctx.refuse(&page) }
}

/// Stores a request and leads to its first step. A JSON client only gets a problem document that names the step.
async fn begin(ctx: &Ctx, flow: &Flow, decision: Decision) -> Answer {
    if ctx.wants_json() {
        return lead(ctx, flow, decision, requests::ROUTE).await;
    }
    let (browser, path) = store(ctx, flow).await?;
    kept(ctx, lead(ctx, flow, decision, &path).await, &browser, flow)
}

/// Stores a request for this browser. Reuses its secret, so that requests in other tabs stay valid.
async fn store(ctx: &Ctx, flow: &Flow) -> Result<(SecretToken, String), AppError> {
    let browser = ctx.app_cookie().cloned().unwrap_or_else(SecretToken::random);
    let path = service::store(&ctx.state, ctx.request(), flow, &browser).await?;
    Ok((browser, path))
}

/// Sets the cookie that binds the stored request to the browser, and the language that the app requested.
fn kept(ctx: &Ctx, answer: Answer, browser: &SecretToken, flow: &Flow) -> Answer {
    let answer = answer.cookie(Name::App, browser.reveal(), Some(KEPT_FOR));
    match flow.request.lang.filter(|wanted| !ctx.chose_language() && *wanted != ctx.lang()) {
        Some(lang) => answer.cookie(Name::Language, lang.code().to_owned(), Some(KEPT_FOR)),
        None => answer,
    }
}

fn path_of(flow: &Flow) -> String {
    flow.stored.as_ref().map_or_else(|| requests::ROUTE.to_owned(), |stored| requests::path(&stored.id))
}

/// Leads on, after a form, to a page that may redirect to an app.
fn onwards(path: &str) -> axum::response::Response {
    see_other(&with_next(return_paths::ROUTE, path))
}

/// Redirects to the first step, with `path` as the way back.
async fn lead(ctx: &Ctx, flow: &Flow, decision: Decision, path: &str) -> Answer {
    if ctx.wants_json() {
        return Err(problem(decision));
    }
    let first = match decision {
        Decision::SignIn => {
            let next = ReturnTo::parse(path).unwrap_or_default();
            match service::second_step(&ctx.state, ctx.pending(), &next).await? {
                Some(second) => return ctx.see_other(second),
                None => paths::LOGIN,
            }
        }
        Decision::Verify => paths::VERIFY,
        Decision::Enrol => paths::ACCOUNT_FACTORS,
        Decision::Reauthenticate => paths::REAUTH,
        Decision::Consent => paths::OAUTH_CONSENT,
        Decision::NoAccess => return ctx.refuse(&NoAccessPage::new(flow, ctx.visitor().session(), path)),
        Decision::Refuse(_) | Decision::Issue => return Err(AppError::fault("a decided request goes nowhere first")),
    };
    ctx.see_other(with_next(first, path))
}

/// Returns the first step as a problem for JSON clients.
fn problem(decision: Decision) -> AppError {
    match decision {
        Decision::SignIn => AppError::SignIn { next: None },
        Decision::Verify => AppError::Verify { next: None },
        Decision::Enrol => AppError::Enrol { next: None },
        Decision::Reauthenticate => AppError::Reauthenticate { next: None },
        Decision::Consent => AppError::Unconsented,
        Decision::NoAccess => AppError::NoAccess,
        Decision::Refuse(_) | Decision::Issue => AppError::fault("a decided request goes nowhere first"),
    }
}

/// Sends a response to the app through the browser. After a form this is a page that leads on, because browsers apply
/// `form-action` to every redirect after a form, even the app's.
fn deliver(ctx: &Ctx, answer: &AppAnswer, after_form: bool) -> Answer {
    if answer.form_post {
        let policy = form_to(answer.redirect_uri.starts_with("https:"));
        return ctx.page(&FormPostPage::new(answer)).headers(|headers, _| {
            headers.extend(policy.map(|policy| (axum::http::header::CONTENT_SECURITY_POLICY, policy)));
        });
    }
    if after_form && !ctx.wants_json() {
        ctx.page(&LeavePage { to: answer.address() })
    } else {
        ctx.answer(see_other(&answer.address()))
    }
}
