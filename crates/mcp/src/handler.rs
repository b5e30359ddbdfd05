//! The server as rmcp sees it: identity, tool list, and the guard around every call.
//!
//! All state is shared behind one `Arc`: rmcp clones the handler for every session, and for every request where the
//! protocol keeps no session. Making a handler touches nothing, because clients start servers only to look at them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use release_engine::{Engine, RunSecrets};
use rmcp::handler::server::tool::{IntoCallToolResult, ToolCallContext, ToolRouter};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CompleteRequestParams, CompleteResult, ContentBlock, GetPromptRequestParams, GetPromptResponse,
    GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceDirectoryRequestParams, ReadResourceDirectoryResult,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool,
    UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool_handler};
use tokio_util::sync::CancellationToken;

use crate::aliases::own_name;
use crate::ask::Seal;
use crate::fetches::Fetches;
use crate::http::caller_of;
use crate::reply::ToolError;
use crate::tasks::Tasks;
use crate::{completions, deadline, prompts, resources, schema, skill, tools};

/// What every client is told once; clients cut it after 2,048 characters.
pub(crate) const INSTRUCTIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../prompts/mcp/instructions.md"
));

/// Serves the engine's verbs as MCP tools, over any transport and in both lifecycles of the protocol.
#[derive(Clone)]
pub struct Handler {
    shared: Arc<Shared>,
    /// What runs must know and nobody may say in a call.
    secrets: Arc<RunSecrets>,
    /// Cancelled when the server ends.
    end: CancellationToken,
}

struct Shared {
    engine: Engine,
    tools: ToolRouter<Handler>,
    /// What is offered of them.
    listed: Vec<Tool>,
    seal: Seal,
    fetches: Fetches,
    tasks: Tasks,
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
        Self::with_tools(engine, tools::router(read_only), |name| {
            !read_only || tools::only_looks(name)
        })
    }

    /// The same, that answers waiting calls at once when this token is cancelled.
    #[must_use]
    pub fn until(mut self, end: CancellationToken) -> Self {
        self.end = end;
        self
    }

    /// The same, whose plans and runs know these secrets: the package password, and values that migrations ask for.
    #[must_use]
    pub fn with_secrets(mut self, secrets: RunSecrets) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// The same with these tools only.
    pub fn offering(engine: Engine, names: &[String]) -> Result<Self, UnknownTool> {
        let read_only = engine.settings().policy.read_only;
        let router = tools::router(read_only);
        let mut all: Vec<String> = router.map.keys().map(ToString::to_string).collect();
        all.sort();
        if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
            return Err(UnknownTool {
                name: unknown.clone(),
                known: all.join(", "),
            });
        }
        Ok(Self::with_tools(engine, router, |name| {
            names.iter().any(|wanted| wanted == name) && (!read_only || tools::only_looks(name))
        }))
    }

    fn with_tools(engine: Engine, mut tools: ToolRouter<Self>, offers: impl Fn(&str) -> bool) -> Self {
        schema::make_portable(&mut tools);
        let listed = tools
            .list_all()
            .into_iter()
            .filter(|tool| offers(&tool.name))
            .collect();
        Self {
            shared: Arc::new(Shared {
                engine,
                tools,
                listed,
                seal: Seal::new(),
                fetches: Fetches::default(),
                tasks: Tasks::default(),
            }),
            secrets: Arc::default(),
            end: CancellationToken::new(),
        }
    }

    /// Why a tool that there is may not be called here.
    fn refusal(&self, name: &str) -> Option<ToolError> {
        let there_is = self.shared.tools.map.contains_key(name);
        let offered = self.shared.listed.iter().any(|tool| tool.name == name);
        if !there_is || offered {
            return None;
        }
        Some(if self.engine().settings().policy.read_only {
            ToolError::new(
                "forbidden_by_policy",
                format!("{name} is not offered: this server is in read-only mode"),
                "tell the user; whoever runs this server decides about that mode",
            )
        } else {
            ToolError::new(
                "tool_not_offered",
                format!("{name} is not offered by this server"),
                "use the tools that tools/list names, or tell the user",
            )
        })
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

    pub(crate) fn secrets(&self) -> &RunSecrets {
        &self.secrets
    }

    /// Cancelled when the server ends.
    pub(crate) fn end(&self) -> &CancellationToken {
        &self.end
    }

    pub(crate) fn fetches(&self) -> &Fetches {
        &self.shared.fetches
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.shared.seal
    }
}

/// Everything but `confirm` only reads until a run is started, and then does not wait beyond its time.
fn too_slow(name: &str) -> ToolError {
    ToolError::new(
        "too_slow",
        format!("{name} was given up: NocoBase did not answer in time; nothing was changed"),
        "call check_environment to see which environment does not answer, and tell the user",
    )
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities::builder()
        .enable_tools()
        .enable_prompts()
        .enable_resources()
        .enable_completions()
        .enable_skills_with_directory_read()
        .enable_tasks()
        .build()
}

#[tool_handler(router = self.shared.tools)]
impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(capabilities())
            .with_server_info(
                Implementation::new("nocobase-release", env!("CARGO_PKG_VERSION"))
                    .with_title("NocoBase Release"),
            )
            .with_instructions(INSTRUCTIONS.trim())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request).map(Into::into)
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut all = resources::list(self.engine());
        all.push(skill::listed());
        let list = ListResourcesResult::with_all_items(all);
        Ok(list.with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if let Some(page) = skill::read(&request.uri) {
            return Ok(page.into());
        }
        let content = resources::read(self.engine(), &request.uri)?;
        Ok(content.with_cache_scope(CacheScope::Private).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(
            completions::complete(self.engine(), &request).await,
        ))
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let task = self.shared.tasks.get(&request.task_id, &context)?;
        Ok(GetTaskResult::new(task))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared
            .tasks
            .update(&request.task_id, request.input_responses, &context)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.shared.tasks.cancel(&request.task_id, &context)
    }

    async fn list_skills(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        Ok(ListSkillsResult::with_all_items(vec![skill::skill()]))
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        skill::get(&request.uri)
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceDirectoryResult, ErrorData> {
        skill::directory(&request.uri)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.shared.listed.clone()))
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(own) =
            own_name(&request.name).filter(|_| !self.shared.tools.map.contains_key(&request.name))
        {
            request.name = own.into();
        }
        let name = request.name.clone();
        if let Some(refusal) = self.refusal(&name) {
            return refusal.into_call_tool_result();
        }
        let asked = context.clone();
        let call = self
            .shared
            .tools
            .call(ToolCallContext::new(self, request, context));
        // Without this a panicking tool would never answer, and the client would wait for its timeout.
        let call = AssertUnwindSafe(call).catch_unwind();
        let answered = if name == "confirm" {
            Some(deadline::unbounded(call).await)
        } else {
            deadline::bounded(call).await
        };
        let Some(answered) = answered else {
            return too_slow(&name).into_call_tool_result();
        };
        let answered = answered.unwrap_or_else(|_| {
            tracing::error!(tool = %name, "a tool panicked");
            Ok(CallToolResult::error(vec![ContentBlock::text(
                "error: internal_error\nthe tool failed in an unexpected way\nnext step: call run_status before \
                 repeating anything, and report this with the server's log",
            )])
            .into())
        })?;
        // Looking at a run again and again is what tasks replace; who looks by hand gets what there is.
        if name == "run_status" {
            return Ok(answered);
        }
        Ok(self.shared.tasks.instead_of(answered, self.engine(), &asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use release_engine::{EngineSettings, Home, Pace, Policy};
    use rmcp::ServiceExt;
    use rmcp::handler::server::tool::ToolRoute;

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
        let handler = Handler::with_tools(engine(), ToolRouter::new().with_route(panics), |_| true);
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
