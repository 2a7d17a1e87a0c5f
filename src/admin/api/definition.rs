//! `GET /api-definition`: OpenAPI 3.1, made of the handlers and their bodies.

use bytes::Bytes;
use utoipa::OpenApi;

use super::ApiOptions;

#[derive(OpenApi)]
#[openapi(
    info(title = "pixelgate", description = "Who is connected to the gateway, and how it is configured."),
    servers((url = "/api")),
    paths(
        super::status,
        super::config,
        super::streamers,
        super::streamer,
        super::players,
        super::player,
        api_definition,
    )
)]
struct Reading;

#[derive(OpenApi)]
#[openapi(paths(super::delete_streamer, super::delete_player))]
struct Deleting;

/// This document
#[utoipa::path(
    get,
    path = "/api-definition",
    tag = "gateway",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
#[allow(dead_code, reason = "the document's own entry; the route serves the text that is made once")]
fn api_definition() {}

/// The document for what is mounted.
pub(super) fn json(options: ApiOptions) -> Bytes {
    let mut document = Reading::openapi();
    if options.deletes {
        document.merge(Deleting::openapi());
    }
    serde_json::to_vec(&document).expect("a document of strings can be written").into()
}
