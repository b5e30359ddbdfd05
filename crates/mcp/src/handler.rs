//! The server as rmcp sees it: identity, tool list, and the guard around every call.
//!
//! All state is shared behind one `Arc`: rmcp clones the handler for every session, and for every request where the
//! protocol keeps no session. Making a handler touches nothing, because clients start servers only to look at them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use release_engine::Engine;
use rmcp::handler::server::tool::{ToolCallContext, ToolRouter};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool_handler};
use tokio_util::sync::CancellationToken;

use crate::ask::Seal;
use crate::http::caller_of;
use crate::{schema, tools};

/// What every client is told once; clients cut it after 2,048 characters.
const INSTRUCTIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../prompts/mcp/instructions.md"
));

/// Serves the engine's verbs as MCP tools, over any transport and in both lifecycles of the protocol.
#[derive(Clone)]
pub struct Handler {
    shared: Arc<Shared>,
    /// Cancelled when the server ends.
    end: CancellationToken,
}

struct Shared {
    engine: Engine,
    tools: ToolRouter<Handler>,
    seal: Seal,
}

/// A tool was asked for that there is not.
#[derive(Debug, thiserror::Error)]
#[error("there is no tool {name:?}; there are {known}")]
pub struct UnknownTool {
    name: String,
    known: String,
}

impl Handler {
    /// A handler on this engine, with all tools that its policy leaves: where that is read-only, those that look.
    pub fn new(engine: Engine) -> Self {
        let read_only = engine.settings().policy.read_only;
        Self::with_tools(engine, tools::router(read_only))
    }

    /// The same, that answers waiting calls at once when this token is cancelled.
    #[must_use]
    pub fn until(mut self, end: CancellationToken) -> Self {
        self.end = end;
        self
    }

    /// The same with these tools only.
    pub fn offering(engine: Engine, names: &[String]) -> Result<Self, UnknownTool> {
        let mut router = tools::router(engine.settings().policy.read_only);
        let known: Vec<String> = router.map.keys().map(ToString::to_string).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            return Err(UnknownTool {
                name: unknown.clone(),
                known: known.join(", "),
            });
        }
        router
            .map
            .retain(|name, _| names.iter().any(|wanted| wanted.as_str() == name.as_ref()));
        Ok(Self::with_tools(engine, router))
    }

    fn with_tools(engine: Engine, mut tools: ToolRouter<Self>) -> Self {
        schema::make_portable(&mut tools);
        Self {
            shared: Arc::new(Shared {
                engine,
                tools,
                seal: Seal::new(),
            }),
            end: CancellationToken::new(),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// The engine for whoever made this call.
    pub(crate) fn engine_for(&self, context: &RequestContext<RoleServer>) -> Engine {
        match caller_of(context) {
            Some(caller) => self.shared.engine.on_behalf_of(&caller),
            None => self.shared.engine.clone(),
        }
    }

    /// Cancelled when the server ends.
    pub(crate) fn end(&self) -> &CancellationToken {
        &self.end
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.shared.seal
    }
}

#[tool_handler(router = self.shared.tools)]
impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(
                Implementation::new("nocobase-release", env!("CARGO_PKG_VERSION"))
                    .with_title("NocoBase Release"),
            )
            .with_instructions(INSTRUCTIONS.trim())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.clone();
        let call = self
            .shared
            .tools
            .call(ToolCallContext::new(self, request, context));
        // Without this a panicking tool would never answer, and the client would wait for its timeout.
        AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(tool = %name, "a tool panicked");
            Ok(CallToolResult::error(vec![ContentBlock::text(
                "error: internal_error\nthe tool failed in an unexpected way\nnext step: call run_status before \
                 repeating anything, and report this with the server's log",
            )])
            .into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use release_engine::{EngineSettings, Home, Pace, Policy};
    use rmcp::ServiceExt;
    use rmcp::handler::server::tool::ToolRoute;
    use rmcp::model::Tool;

    fn engine() -> Engine {
        Engine::new(EngineSettings {
            home: Home::new("/nowhere"),
            environments: Vec::new(),
            unusable: std::collections::BTreeMap::new(),
            current: None,
            policy: Policy::default(),
            pace: Pace::default(),
            client: Default::default(),
            runner: Vec::new(),
        })
    }

    #[test]
    fn instructions_fit_before_clients_cut_them() {
        assert!(INSTRUCTIONS.trim().chars().count() < 2_000);
    }

    #[tokio::test]
    async fn a_panicking_tool_answers() {
        let panics = ToolRoute::new_dyn(Tool::new("panics", "", Arc::new(serde_json::Map::new())), |_| {
            Box::pin(async { panic!("on purpose") })
        });
        let handler = Handler::with_tools(engine(), ToolRouter::new().with_route(panics));
        let (client_end, server_end) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move { handler.serve(server_end).await.unwrap().waiting().await });
        let client = ().serve(client_end).await.unwrap();
        let result = client
            .call_tool(CallToolRequestParams::new("panics"))
            .await
            .unwrap();
        assert_eq!(result.is_error, Some(true));
        assert!(format!("{:?}", result.content).contains("internal_error"));
    }
}
