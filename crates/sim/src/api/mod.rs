//! Answering requests: arrival, faults, gateway, caller, parameters, handler.
//!
//! A request is recorded when it arrives. Its work runs on after its connection is gone, as in a real server, and
//! ends only with the process.

mod access;
mod backups;
mod call;
mod content;
mod migrations;
mod openapi;
mod reply;
mod routes;
mod schema;
mod settings;
mod system;

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::HeaderValue;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;

pub(crate) use self::backups::not_found;
pub(crate) use self::call::{Call, Upload};
pub(crate) use self::reply::Reply;

use self::call::{Parameters, Target};
use self::routes::{Handler, Route};
use crate::clock;
use crate::faults::FaultKind;
use crate::journal::RequestRecord;
use crate::logs::Level;
use crate::migration::{self, MigrationManager};
use crate::restore;
use crate::server::ConnectionCut;
use crate::store;
use crate::world::{Gate, World};

/// Everything the work on one request needs.
#[derive(Clone)]
struct Incoming {
    request_id: String,
    place: usize,
    method: String,
    headers: HeaderMap,
    uri: axum::http::Uri,
    body: Bytes,
    target: Option<Target>,
    app: String,
    faults: Vec<FaultKind>,
}

/// A reply with what the caller's token became.
struct Outcome {
    reply: Reply,
    renewed: Option<String>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, renewed: None }
    }
}

/// Answers a request, or cuts its connection.
pub(crate) async fn answer(
    world: Arc<World>,
    request: Request<Body>,
) -> Result<Response<Body>, ConnectionCut> {
    let (parts, body) = request.into_parts();
    let request_id = clock::uuid();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    let (app, rest) = api_path(&path, &parts.headers, &parts.uri);
    let target = rest.as_deref().and_then(|rest| Target::parse(&method, rest));
    let called = match (&target, path.ends_with("/__health_check")) {
        (_, true) => "__health_check".to_owned(),
        (Some(target), false) => target.name(),
        (None, false) => String::new(),
    };
    let record = RequestRecord {
        method: method.clone(),
        path: path.clone(),
        query: shown_query(&parts.uri),
        body: String::new(),
        action: called.clone(),
        status: None,
        mutation: false,
        request_id: request_id.clone(),
    };
    let place = world.journal.arrival(record);
    let faults = world.faults.strike(&called);
    if faults.contains(&FaultKind::ProcessDies) {
        world.die_and_restart();
        return Err(ConnectionCut);
    }
    if faults.contains(&FaultKind::ProcessEnds) {
        world.die();
        return Err(ConnectionCut);
    }
    let most = faults.iter().find_map(|fault| match fault {
        FaultKind::CutRequest(most) => Some(*most),
        _ => None,
    });
    // an upload that breaks off never becomes a request
    let Ok(body) = axum::body::to_bytes(body, most.unwrap_or(usize::MAX)).await else {
        return Err(ConnectionCut);
    };
    let incoming = Incoming {
        request_id: request_id.clone(),
        place,
        method: method.clone(),
        headers: parts.headers,
        uri: parts.uri,
        body,
        target,
        app,
        faults: faults.clone(),
    };
    let inside = rest.is_some();
    let (send, receive) = oneshot::channel();
    let worker = Arc::clone(&world);
    world.work(async move {
        let outcome = if inside {
            work_as_often_as_received(&worker, incoming).await
        } else {
            Reply::page().into()
        };
        // the connection may be gone, which changes nothing here
        drop(send.send(outcome));
    });
    let outcome = receive.await.map_err(|_| ConnectionCut)?;
    finish(&world, outcome, &faults, place, &request_id, method == "HEAD").await
}

/// The app that a path names and what follows the API base, `None` outside the API.
fn api_path(path: &str, headers: &HeaderMap, uri: &axum::http::Uri) -> (String, Option<String>) {
    let named = headers
        .get("x-app")
        .and_then(|app| app.to_str().ok())
        .map(str::to_owned);
    let queried = uri
        .query()
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("__appName=")));
    let app = named
        .or_else(|| queried.map(str::to_owned))
        .unwrap_or_else(|| "main".to_owned());
    let Some(rest) = path.strip_prefix("/api/") else {
        return (app, None);
    };
    match rest.strip_prefix("__app/").and_then(|rest| rest.split_once('/')) {
        Some((app, rest)) => (app.to_owned(), Some(rest.to_owned())),
        None => (app, Some(rest.to_owned())),
    }
}

fn shown_query(uri: &axum::http::Uri) -> String {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default();
    let shown = pairs.iter().map(|(name, value)| {
        let value = if name == "token" { "…" } else { value.as_str() };
        format!("{name}={value}")
    });
    shown.collect::<Vec<_>>().join("&")
}

/// What the request comes to, under the faults of a proxy that repeats it or holds its answer.
async fn work_as_often_as_received(world: &Arc<World>, incoming: Incoming) -> Outcome {
    let faults = incoming.faults.clone();
    let outcome = if faults.contains(&FaultKind::Repeated) {
        drop(work(world, incoming.clone()).await);
        work(world, incoming).await
    } else if faults.contains(&FaultKind::RepeatedAtOnce) {
        let (first, _second) = tokio::join!(work(world, incoming.clone()), work(world, incoming));
        first
    } else {
        work(world, incoming).await
    };
    for fault in &faults {
        if let FaultKind::SlowAnswer(delay) = fault {
            tokio::time::sleep(*delay).await;
        }
    }
    outcome
}

/// What the request comes to.
async fn work(world: &Arc<World>, incoming: Incoming) -> Outcome {
    let changes = incoming
        .target
        .as_ref()
        .is_some_and(|target| is_mutation(world, target));
    if changes {
        world.journal.mutation(incoming.place);
    }
    for fault in &incoming.faults {
        match fault {
            FaultKind::Slow(delay) => tokio::time::sleep(*delay).await,
            other => {
                if let Some(reply) = instead(other) {
                    return reply.into();
                }
            }
        }
    }
    if incoming.app != "main" {
        let message = format!("application {} is preparing, please wait patiently", incoming.app);
        return Reply::maintenance("APP_PREPARING", &message, None).into();
    }
    let gate = world.state().gate.clone();
    let health = incoming.uri.path().ends_with("/__health_check");
    if let Some(reply) = Reply::of_gate(&gate) {
        if !health {
            refuse(world, &gate, &incoming.request_id);
        }
        return reply.into();
    }
    if health {
        return Reply::Health.into();
    }
    let Some(target) = incoming.target.clone() else {
        world.journal.violation(format!(
            "{} {}: no such route",
            incoming.method,
            incoming.uri.path()
        ));
        return Reply::unknown_resource().into();
    };
    world.state().last_request_id.clone_from(&incoming.request_id);
    let route = match route(world, &target) {
        Ok(route) => route,
        Err(reply) => return reply.into(),
    };
    let (parameters, complaints) =
        Parameters::read(&incoming.uri, &incoming.headers, incoming.body.clone()).await;
    world.journal.brought(incoming.place, &parameters.shape);
    for complaint in complaints {
        world.journal.violation(format!("{}: {complaint}", target.name()));
    }
    let locale = incoming
        .headers
        .get("x-locale")
        .and_then(|locale| locale.to_str().ok())
        .unwrap_or("en-US");
    let query_token = parameters.query("token").map(str::to_owned);
    if query_token.is_some() {
        world.journal.violation(format!(
            "{}: a token in the query ends up in request logs",
            target.name()
        ));
    }
    let chinese = locale == "zh-CN";
    let caller = access::authenticate(
        &mut world.state(),
        &incoming.headers,
        query_token.as_deref(),
        chinese,
    );
    let who = match caller {
        Ok(who) => Some(who),
        Err(_) if route.access == routes::Access::Public => None,
        Err(reply) => return reply.into(),
    };
    let renewed = who.as_ref().and_then(|who| who.renewed.clone());
    let call = Call {
        world: Arc::clone(world),
        request_id: incoming.request_id,
        target,
        route,
        parameters,
        who,
        locale: locale.to_owned(),
        faults: incoming.faults,
    };
    Outcome {
        reply: perform(&call, &incoming.method).await,
        renewed,
    }
}

/// Checks what the call brings and hands it to its handler.
async fn perform(call: &Call, method: &str) -> Reply {
    if let Some(who) = &call.who {
        let state = call.world.state();
        if who
            .scope(call.route.access, &call.target.resource, &state)
            .is_none()
        {
            return Reply::forbidden();
        }
    }
    if !matches!(method, "GET" | "POST" | "HEAD" | "PUT" | "PATCH" | "DELETE") {
        call.violation(format_args!("method {method}"));
    }
    check_parameters(call);
    let reply = match call.route.handler {
        Handler::Now(handler) => handler(call),
        Handler::Restore => restore::accept(call).await,
        Handler::Migrate => migration::execute::run(call).await,
    };
    if call.route.mutation {
        store::keep(&call.world);
    }
    reply
}

/// Notes every parameter that the action does not take.
fn check_parameters(call: &Call) {
    let takes =
        |name: &str| call.route.takes.contains(&name) || routes::COMMON.contains(&name) || name == "token";
    for (name, _) in &call.parameters.query {
        let base = name.split('[').next().unwrap_or(name);
        if !takes(base) {
            call.violation(format_args!("unknown parameter `{name}`"));
        }
    }
    if call.route.takes.contains(&"*") {
        return;
    }
    for name in call.parameters.body.keys() {
        if !takes(name) {
            call.violation(format_args!("unknown field `{name}`"));
        }
    }
}

fn route(world: &World, target: &Target) -> Result<&'static Route, Reply> {
    let state = world.state();
    let is_table = state.known_collections.contains(&target.resource);
    let (backups, manager) = (state.settings.backup_manager, state.settings.migration_manager);
    // An app that was not loaded anew after a restore lists collections that it does not serve: no fault of the caller.
    let is_listed = state
        .database
        .rows("collections")
        .iter()
        .any(|row| row.get("name").and_then(Value::as_str) == Some(&target.resource));
    drop(state);
    if target.resource.starts_with("backup") && !backups {
        return Err(Reply::unknown_resource());
    }
    if routes::MIGRATION.contains(&target.resource.as_str())
        && !manager.offers(&target.resource, &target.action)
    {
        return Err(match manager {
            MigrationManager::Unlicensed => migrations::unlicensed(),
            _ => Reply::unknown_resource(),
        });
    }
    routes::find(&target.resource, &target.action, is_table).ok_or_else(|| {
        if !is_listed {
            world
                .journal
                .violation(format!("{}: no such action", target.name()));
        }
        if routes::is_resource(&target.resource) && !is_table {
            Reply::unknown_action()
        } else {
            Reply::unknown_resource()
        }
    })
}

fn is_mutation(world: &World, target: &Target) -> bool {
    let is_table = world.state().known_collections.contains(&target.resource);
    routes::find(&target.resource, &target.action, is_table).is_some_and(|route| route.mutation)
}

/// Every refused request is a line in the log.
fn refuse(world: &World, gate: &Gate, request_id: &str) {
    let (Gate::Commanding { message, .. } | Gate::Broken { message, .. }) = gate else {
        return;
    };
    world
        .state()
        .logs
        .write(Level::Refused, "gateway", message.clone(), request_id);
}

/// The reply that a fault gives instead of any effect.
fn instead(fault: &FaultKind) -> Option<Reply> {
    match fault {
        FaultKind::CloseBeforeEffect => Some(Reply::Nothing),
        FaultKind::Answer {
            status,
            message,
            code,
        } => Some(Reply::error_with(*status, message.clone(), code.as_deref())),
        FaultKind::RequestTimeout => Some(Reply::Timeout),
        FaultKind::ProxyAnswer(status) => Some(proxy(*status)),
        FaultKind::Maintenance(message) => {
            Some(Reply::maintenance("APP_COMMANDING", message, Some("upgrade")))
        }
        FaultKind::PluginMissing => Some(Reply::unknown_resource()),
        FaultKind::DatabaseAway => Some(Reply::error(500, "connect ECONNREFUSED 127.0.0.1:5432")),
        _ => None,
    }
}

fn proxy(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Reply::Html(
        status,
        "<html>\r\n<head><title>nginx</title></head>\r\n<body>\r\n<center>nginx</center>\r\n</body>\r\n</html>\r\n",
    )
}

/// Turns an outcome into an answer, under the faults of the way back.
async fn finish(
    world: &Arc<World>,
    outcome: Outcome,
    faults: &[FaultKind],
    place: usize,
    request_id: &str,
    head_only: bool,
) -> Result<Response<Body>, ConnectionCut> {
    let dies = matches!(outcome.reply, Reply::Death) || faults.contains(&FaultKind::ProcessDiesAfterEffect);
    if dies {
        world.die_and_restart();
        return Err(ConnectionCut);
    }
    let cut = |fault: &FaultKind| matches!(fault, FaultKind::CloseBeforeEffect | FaultKind::CloseAfterEffect);
    if faults.iter().any(cut) {
        return Err(ConnectionCut);
    }
    let waited_too_long = faults.iter().find_map(|fault| match fault {
        FaultKind::ProxyAnswerAfterEffect(status) => Some(proxy(*status)),
        _ => None,
    });
    let (mut response, file) = waited_too_long.unwrap_or(outcome.reply).into_response(request_id);
    let torn = faults.iter().find_map(|fault| match fault {
        FaultKind::TornBody(kept) => Some(*kept),
        _ => None,
    });
    if let (Some(kept), None) = (torn, &file) {
        let content = std::mem::take(response.body_mut());
        let content = axum::body::to_bytes(content, usize::MAX)
            .await
            .unwrap_or_default();
        let kept = kept.min(content.len().saturating_sub(1));
        *response.body_mut() = reply::streamed(&content.slice(..kept), true);
    }
    if let Some(content) = file {
        *response.body_mut() = if head_only {
            Body::empty()
        } else {
            damaged(content, faults)
        };
    }
    if let Some(token) = outcome
        .renewed
        .and_then(|token| HeaderValue::from_str(&token).ok())
    {
        response.headers_mut().insert("x-new-token", token);
    }
    world.journal.answered(place, response.status().as_u16());
    Ok(response)
}

fn damaged(content: Bytes, faults: &[FaultKind]) -> Body {
    let mut content = content;
    let mut torn = false;
    for fault in faults {
        match fault {
            FaultKind::TornBody(kept) => {
                content.truncate(*kept);
                torn = true;
            }
            FaultKind::ShortBody(kept) => content.truncate(*kept),
            FaultKind::FlippedByte(place) => {
                let mut changed = content.to_vec();
                if let Some(byte) = changed.get_mut(*place) {
                    *byte ^= 0xff;
                }
                content = Bytes::from(changed);
            }
            _ => {}
        }
    }
    reply::streamed(&content, torn)
}

/// A value without the members that the API never shows.
fn visible(mut row: crate::database::Row, table: &str) -> Value {
    let hidden: &[&str] = match table {
        "users" => &["password", "resetToken", "sort"],
        "roles" | "authenticators" => &["sort"],
        "apiKeys" => &["token"],
        _ => &[],
    };
    for name in hidden {
        row.remove(*name);
    }
    Value::Object(row)
}
