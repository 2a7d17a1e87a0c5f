//! The REST API of protocol.md §6, under `/api`.
//!
//! The bodies are types, and the OpenAPI document is made of the same types: what is documented is what is sent. What
//! ends sessions is mounted only where [`ApiOptions::deletes`] says so, and stands in the document only there. Where
//! everybody may ask, the members that hold addresses are there and empty: clients of the reference server look for them.

mod bodies;
mod definition;
mod redact;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router as Routes};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, Method, StatusCode};

use self::bodies::{Configuration, Message, Player, Status, Streamer};
pub(crate) use self::bodies::{Ports, Shown};
use crate::router::{PlayerEntry, Router, StreamerEntry};
use crate::wire::{Close, CloseCode};

/// What a session is told that an operator ends.
const ENDED: Close =
    Close { code: CloseCode::DISCONNECTED, reason: std::borrow::Cow::Borrowed("closed by the operator") };

/// What the API speaks about.
#[derive(Clone, Debug)]
pub(crate) struct ApiState {
    router: Arc<Router>,
    configuration: Arc<ArcSwap<Configuration>>,
    options: ApiOptions,
}

/// What the API may do where it is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApiOptions {
    /// Sessions may be ended: for operators alone.
    pub(crate) deletes: bool,
    /// Where peers come from is shown.
    pub(crate) addresses: bool,
}

impl ApiOptions {
    /// Everything.
    pub(crate) const OPERATORS: Self = Self { deletes: true, addresses: true };

    /// What anybody may know who reaches a players' listener.
    pub(crate) const PLAYERS: Self = Self { deletes: false, addresses: false };
}

impl ApiState {
    /// Speaks about the sessions of `router`, and about no configuration yet.
    pub(crate) fn new(router: Arc<Router>) -> Self {
        let configuration = Arc::new(ArcSwap::from_pointee((&Shown::NOTHING).into()));
        Self { router, configuration, options: ApiOptions::PLAYERS }
    }

    /// What the configuration says at `/api/config` from now on; credentials in it are replaced here, once.
    pub(crate) fn show(&self, shown: &Shown<'_>) {
        self.configuration.store(Arc::new(shown.into()));
    }

    fn streamer(&self, entry: StreamerEntry) -> Streamer {
        let streamer = Streamer::from(entry);
        if self.options.addresses { streamer } else { streamer.without_addresses() }
    }

    fn player(&self, entry: PlayerEntry) -> Player {
        let player = Player::from(entry);
        if self.options.addresses { player } else { player.without_address() }
    }
}

/// The routes below `/api`, for [`Routes::merge`].
pub(crate) fn router(state: ApiState, options: ApiOptions) -> Routes {
    let (mut streamer, mut player) = (get(streamer), get(player));
    if options.deletes {
        streamer = streamer.delete(delete_streamer);
        player = player.delete(delete_player);
    }
    let definition = definition::json(options);
    let definition = move || async move { ([(CONTENT_TYPE, "application/json")], definition) };
    let routes = Routes::new()
        .route("/status", get(status))
        .route("/config", get(config))
        .route("/streamers", get(streamers))
        .route("/streamers/{id}", streamer)
        .route("/players", get(players))
        .route("/players/{id}", player)
        .route("/api-definition", get(definition))
        .fallback(|| async { Fault::NoResource })
        .with_state(ApiState { options, ..state });
    Routes::new().nest("/api", routes.layer(from_fn(no_page)).layer(map_response(fresh)))
}

/// Browsers name the page's origin with every DELETE, that of the same host too: a page whose name was bound to this
/// machine's address must not end sessions.
async fn no_page(request: Request, next: Next) -> Response {
    if request.method() == Method::DELETE && request.headers().contains_key(ORIGIN) {
        return Fault::FromPage.into_response();
    }
    next.run(request).await
}

/// Every answer is of the moment.
async fn fresh(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// How the gateway is
#[utoipa::path(get, path = "/status", tag = "gateway", responses((status = 200, description = "Now", body = Status)))]
async fn status(State(state): State<ApiState>) -> Json<Status> {
    Json(Status::new(state.router.uptime(), state.router.counts()))
}

/// How the gateway is configured
#[utoipa::path(
    get,
    path = "/config",
    tag = "gateway",
    responses((status = 200, description = "Without credentials", body = Configuration))
)]
async fn config(State(state): State<ApiState>) -> Response {
    Json(&**state.configuration.load()).into_response()
}

/// Every streamer and SFU, in the order of registration
#[utoipa::path(
    get,
    path = "/streamers",
    tag = "streamers",
    responses((status = 200, description = "All of them", body = Vec<Streamer>))
)]
async fn streamers(State(state): State<ApiState>) -> Json<Vec<Streamer>> {
    Json(state.router.streamer_entries().into_iter().map(|entry| state.streamer(entry)).collect())
}

/// One streamer or SFU
#[utoipa::path(
    get,
    path = "/streamers/{id}",
    tag = "streamers",
    params(("id" = String, Path, description = "The streamer's id")),
    responses(
        (status = 200, description = "It is there", body = Streamer),
        (status = 400, description = "The id is not UTF-8", body = Message),
        (status = 404, description = "There is none of that id", body = Message),
    )
)]
async fn streamer(State(state): State<ApiState>, id: Id) -> Result<Json<Streamer>, Fault> {
    let Path(id) = id?;
    state.router.streamer_entry(&id).map(|entry| Json(state.streamer(entry))).ok_or(Fault::NoStreamer(id))
}

/// Every player and SFU, in the order of arrival
#[utoipa::path(
    get,
    path = "/players",
    tag = "players",
    responses((status = 200, description = "All of them", body = Vec<Player>))
)]
async fn players(State(state): State<ApiState>) -> Json<Vec<Player>> {
    Json(state.router.player_entries().into_iter().map(|entry| state.player(entry)).collect())
}

/// One player or SFU
#[utoipa::path(
    get,
    path = "/players/{id}",
    tag = "players",
    params(("id" = String, Path, description = "The player's id")),
    responses(
        (status = 200, description = "It is there", body = Player),
        (status = 400, description = "The id is not UTF-8", body = Message),
        (status = 404, description = "There is none of that id", body = Message),
    )
)]
async fn player(State(state): State<ApiState>, id: Id) -> Result<Json<Player>, Fault> {
    let Path(id) = id?;
    state.router.player_entry(&id).map(|entry| Json(state.player(entry))).ok_or(Fault::NoPlayer(id))
}

/// End the session of a streamer or SFU, and with it its players'
#[utoipa::path(
    delete,
    path = "/streamers/{id}",
    tag = "streamers",
    params(("id" = String, Path, description = "The streamer's id")),
    responses(
        (status = 204, description = "It is closed"),
        (status = 400, description = "The id is not UTF-8", body = Message),
        (status = 403, description = "A page asked", body = Message),
        (status = 404, description = "There is none of that id", body = Message),
    )
)]
async fn delete_streamer(State(state): State<ApiState>, id: Id) -> Result<StatusCode, Fault> {
    let Path(id) = id?;
    if state.router.close_streamer(&id, ENDED) { Ok(StatusCode::NO_CONTENT) } else { Err(Fault::NoStreamer(id)) }
}

/// End the session of a player or SFU
#[utoipa::path(
    delete,
    path = "/players/{id}",
    tag = "players",
    params(("id" = String, Path, description = "The player's id")),
    responses(
        (status = 204, description = "It is closed"),
        (status = 400, description = "The id is not UTF-8", body = Message),
        (status = 403, description = "A page asked", body = Message),
        (status = 404, description = "There is none of that id", body = Message),
    )
)]
async fn delete_player(State(state): State<ApiState>, id: Id) -> Result<StatusCode, Fault> {
    let Path(id) = id?;
    if state.router.close_player(&id, ENDED) { Ok(StatusCode::NO_CONTENT) } else { Err(Fault::NoPlayer(id)) }
}

/// The id in the path.
type Id = Result<Path<String>, PathRejection>;

/// What is wrong with a request.
enum Fault {
    NoResource,
    NoStreamer(String),
    NoPlayer(String),
    NotUtf8,
    FromPage,
}

impl From<PathRejection> for Fault {
    fn from(_: PathRejection) -> Self {
        // Any text is an id, so nothing else can be wrong with it.
        Self::NotUtf8
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NoResource => (StatusCode::NOT_FOUND, "No such resource. See /api/api-definition.".to_owned()),
            Self::NoStreamer(id) => (StatusCode::NOT_FOUND, format!("No streamer id matches {id}.")),
            Self::NoPlayer(id) => (StatusCode::NOT_FOUND, format!("No player ID matches {id}.")),
            Self::NotUtf8 => (StatusCode::BAD_REQUEST, "The id is not UTF-8.".to_owned()),
            Self::FromPage => (StatusCode::FORBIDDEN, "Pages may not end sessions.".to_owned()),
        };
        (status, Json(Message { message })).into_response()
    }
}
