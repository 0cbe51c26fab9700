//! What each request is answered.

use super::metrics;
use crate::runtime::crew::Crew;
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Answers requests with what the workers left behind.
pub(super) struct Answers {
    crew: Arc<Crew>,
    call_max: Duration,
}

impl Answers {
    /// About these workers; a call of theirs may last so long.
    pub fn new(crew: Arc<Crew>, call_max: Duration) -> Self {
        Self { crew, call_max }
    }

    /// The answer. What a request carries in its body is not looked at.
    pub fn to<B: Body>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let answer: fn(&Self) -> Response<Full<Bytes>> = match request.uri().path() {
            "/live" => |answers| verdict(answers.crew.stuck(answers.call_max)),
            "/ready" => |answers| verdict(answers.crew.unready()),
            "/metrics" => Self::metrics,
            _ => return response(StatusCode::NOT_FOUND, TEXT, "there are /live, /ready and /metrics\n".to_owned()),
        };
        if [Method::GET, Method::HEAD].contains(request.method()) {
            return answer(self);
        }
        let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET and HEAD only\n".to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        refused
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        match metrics::render(&self.crew) {
            Ok(text) => response(StatusCode::OK, HeaderValue::from_static(metrics::CONTENT_TYPE), text),
            Err(error) => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        }
    }
}

/// Good, or why not.
fn verdict(problem: Option<String>) -> Response<Full<Bytes>> {
    match problem {
        None => response(StatusCode::OK, TEXT, "ok\n".to_owned()),
        Some(reason) => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{reason}\n")),
    }
}

fn response(status: StatusCode, content_type: HeaderValue, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
