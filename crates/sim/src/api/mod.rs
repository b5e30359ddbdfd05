//! Answering requests.
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};

use crate::server::ConnectionCut;
use crate::world::World;

pub(crate) async fn answer(
    world: Arc<World>,
    request: Request<Body>,
) -> Result<Response<Body>, ConnectionCut> {
    drop((world, request));
    Ok(Response::new(Body::from("Not Found")))
}
