//! The server: what every request passes, and the connections it comes by.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use muster_model::text::Text;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::admission::{self, From};
use crate::doors::Doors;
use crate::problem::{self, Problem};
use crate::speech::Tongue;
use crate::{Hub, api, health, metrics, page};

/// Connections at once; a further one waits.
const CONNECTIONS_MAX: usize = 1_024;
/// A request's head has to be here within this time.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A request is answered within this time, its body included.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Larger is nothing that the API takes.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Requests under way on one connection (HTTP/2).
const STREAMS_MAX: u32 = 64;
/// How often the limits forget who has not come.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// A listener that could not accept (no descriptors left) is tried again after this time.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Only what this hub itself serves may be shown, run or asked by its pages; nobody else's page may frame them.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                              form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Serves until the agent has hung up.
pub(crate) async fn serve(hub: Hub, doors: Doors, mut ended: watch::Receiver<bool>) -> io::Result<()> {
    let router = router(&hub);
    let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    for listener in doors.tcp {
        listener.set_nonblocking(true)?;
        tokio::spawn(accept_tcp(TcpListener::from_std(listener)?, router.clone(), Arc::clone(&seats)));
    }
    if let Some(listener) = doors.unix {
        listener.set_nonblocking(true)?;
        tokio::spawn(accept_unix(UnixListener::from_std(listener)?, router, seats));
    }
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(FORGET_EVERY);
        loop {
            rounds.tick().await;
            hub.limits.forget();
        }
    });
    // An error means that the sender is gone, which is an end too.
    let _ = ended.wait_for(|over| *over).await;
    Ok(())
}

/// All there is, with what every request passes, the outermost last.
fn router(hub: &Hub) -> Router {
    let (api, _) = api::router().split_for_parts();
    let header = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    api.merge(page::router())
        .route("/metrics", get(metrics::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(|Tongue(language): Tongue| async move { Problem::nowhere(language) })
        .method_not_allowed_fallback(|Tongue(language): Tongue| async move {
            Problem::new(language, StatusCode::METHOD_NOT_ALLOWED, &Text::new("problem-method"))
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(hub.clone(), in_time))
        .layer(CatchPanicLayer::custom(|_| problem::of_panic(muster_tell::Language::En).into_response()))
        .layer(middleware::from_fn_with_state(hub.clone(), admission::admit))
        .route_layer(middleware::from_fn_with_state(hub.clone(), count))
        .layer(CompressionLayer::new().gzip(true))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .with_state(hub.clone())
}

/// An answer, or that there is none in time.
async fn in_time(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let language = hub.speech.language(&parts);
    match tokio::time::timeout(ANSWER_WITHIN, next.run(Request::from_parts(parts, body))).await {
        Ok(response) => response,
        Err(_) => Problem::new(language, StatusCode::REQUEST_TIMEOUT, &Text::new("problem-late")).into_response(),
    }
}

/// Counts answers by route, so that no asker makes up names.
async fn count(State(hub): State<Hub>, path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let began = Instant::now();
    let response = next.run(request).await;
    let route = path.as_ref().map_or("-", MatchedPath::as_str);
    hub.counts.answered(route, &method, response.status(), began.elapsed());
    response
}

async fn accept_tcp(listener: TcpListener, router: Router, seats: Arc<Semaphore>) {
    let mut again = tokio::time::interval(ACCEPT_AGAIN);
    while let Ok(seat) = Arc::clone(&seats).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true); // it only makes it quicker
                attend(stream, From::Address(address), router.clone(), seat);
            }
            Err(_) => drop(again.tick().await),
        }
    }
}

async fn accept_unix(listener: UnixListener, router: Router, seats: Arc<Semaphore>) {
    let mut again = tokio::time::interval(ACCEPT_AGAIN);
    while let Ok(seat) = Arc::clone(&seats).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => attend(stream, From::Socket, router.clone(), seat),
            Err(_) => drop(again.tick().await),
        }
    }
}

/// Serves a connection on a task of its own, until it ends.
fn attend<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, from: From, router: Router, seat: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        // One router for all connections: a layer for each would copy every route of it, a megabyte a connection.
        let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            router.clone().oneshot(request.map(Body::new))
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX).keep_alive_interval(Some(HEAD_WITHIN));
        // How a connection ends is its asker's affair.
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        drop(seat);
    });
}
