//! The server as rmcp sees it: identity, tool list, and the guard around every call.
//!
//! All state is shared behind one `Arc`: rmcp clones the handler for every session, and for every request where the
//! protocol keeps no session. Making a handler touches nothing, because clients start servers only to look at them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use release_engine::{CommandLine, Engine, RunSecrets};
use rmcp::handler::server::tool::{IntoCallToolResult, ToolCallContext, ToolRouter};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CompleteRequestParams, CompleteResult, ContentBlock, CustomRequest, CustomResult, ErrorCode,
    GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams,
    GetTaskResult, Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListSkillsResult, ListToolsResult, PaginatedRequestParams, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, Tool, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool_handler};
use tokio_util::sync::CancellationToken;

use crate::aliases::own_name;
use crate::ask::Seal;
use crate::fetches::Fetches;
use crate::http::caller_of;
use crate::offered::Offered;
use crate::reply::ToolError;
use crate::tasks::Tasks;
use crate::{
    call, completions, deadline, message, offered, prompts, resources, runnable, schema, skill, tools,
};

/// What every client is told once, with parts that depend on what is offered; clients cut it after 2,048 characters.
const INSTRUCTIONS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../prompts/mcp/instructions.md"
));

/// Serves the engine's verbs as MCP tools, over any transport and in both lifecycles of the protocol.
#[derive(Clone)]
pub struct Handler {
    shared: Arc<Shared>,
    /// What runs must know and nobody may say in a call.
    secrets: Arc<RunSecrets>,
    /// How commands are shown, so that a person can paste them.
    commands: Arc<CommandLine>,
    /// Cancelled when the server ends.
    end: CancellationToken,
}

struct Shared {
    engine: Engine,
    tools: ToolRouter<Handler>,
    /// What is offered of them.
    listed: Vec<Tool>,
    /// Their names.
    offered: Arc<Offered>,
    seal: Seal,
    fetches: Fetches,
    tasks: Tasks,
}

/// The instructions of a server that offers these tools.
pub(crate) fn instructions(offered: &Offered) -> String {
    offered.render(INSTRUCTIONS)
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

    /// The same, whose results, prompts, resources and errors show commands as this program is called.
    #[must_use]
    pub fn showing_commands_as(mut self, commands: CommandLine) -> Self {
        self.commands = Arc::new(commands);
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
        let listed: Vec<Tool> = tools
            .list_all()
            .into_iter()
            .filter(|tool| offers(&tool.name))
            .collect();
        let names = listed.iter().map(|tool| tool.name.to_string());
        let offered = Arc::new(Offered::new(names, !engine.settings().policy.read_only));
        Self {
            shared: Arc::new(Shared {
                engine,
                tools,
                listed,
                offered,
                seal: Seal::new(),
                fetches: Fetches::default(),
                tasks: Tasks::default(),
            }),
            secrets: Arc::default(),
            commands: Arc::default(),
            end: CancellationToken::new(),
        }
    }

    /// Why this call cannot be made here. Arguments that are only there to be left out go.
    fn refusal(&self, request: &mut CallToolRequestParams) -> Option<ToolError> {
        let name = request.name.as_ref();
        let listed = &self.shared.listed;
        if let Some(tool) = listed.iter().find(|tool| tool.name == name) {
            call::without_nulls(tool, &mut request.arguments);
            return call::bad_arguments(tool, request.arguments.as_ref());
        }
        if !self.shared.tools.map.contains_key(name) {
            let names = listed.iter().map(|tool| tool.name.as_ref());
            return Some(call::unknown_tool(name, names));
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

    /// Why a call was given up. Everything but `confirm` only reads until a run is started, and then does not wait
    /// beyond its time.
    fn too_slow(&self, name: &str) -> ToolError {
        let look = if self.shared.offered.has("check_environment") {
            "call check_environment to see which environment does not answer, and tell the user"
        } else {
            "tell the user to see at a terminal which environment does not answer: nocobase-release doctor"
        };
        ToolError::new(
            "too_slow",
            format!("{name} was given up: NocoBase did not answer in time; nothing was changed"),
            look,
        )
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
            .with_instructions(instructions(&self.shared.offered))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list(
            &self.shared.offered,
        )))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let mut prompt = prompts::get(&request, &self.shared.offered)?;
        runnable::prompt(&self.commands, &mut prompt);
        Ok(prompt.into())
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
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if let Some(page) = skill::read(&request.uri) {
            return Ok(page.into());
        }
        let mut content = resources::read(&self.engine_for(&context), &request.uri)
            .map_err(|error| runnable::error(&self.commands, error))?;
        runnable::resource(&self.commands, &mut content);
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

    /// rmcp calls a method that it knows unknown where its params are wrong.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(message::wrong_params(&request)
            .unwrap_or_else(|| ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None)))
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
        if let Some(refusal) = self.refusal(&mut request) {
            return refusal
                .into_call_tool_result()
                .map(|refused| runnable::response(&self.commands, refused));
        }
        let asked = context.clone();
        let call = self
            .shared
            .tools
            .call(ToolCallContext::new(self, request, context));
        let call = offered::within(Arc::clone(&self.shared.offered), call);
        // Without this a panicking tool would never answer, and the client would wait for its timeout.
        let call = AssertUnwindSafe(call).catch_unwind();
        let answered = if name == "confirm" {
            Some(deadline::unbounded(call).await)
        } else {
            deadline::bounded(call).await
        };
        let Some(answered) = answered else {
            return self
                .too_slow(&name)
                .into_call_tool_result()
                .map(|refused| runnable::response(&self.commands, refused));
        };
        let answered = answered.unwrap_or_else(|_| {
            tracing::error!(tool = %name, "a tool panicked");
            let look = if self.shared.offered.has("run_status") {
                "call run_status"
            } else {
                "have the user look at the runs in a terminal (nocobase-release runs list)"
            };
            Ok(CallToolResult::error(vec![ContentBlock::text(format!(
                "error: internal_error\nthe tool failed in an unexpected way\nnext step: {look} before repeating \
                 anything, and report this with the server's log"
            ))])
            .into())
        })?;
        let answered = runnable::response(&self.commands, answered);
        // Looking at a run again and again is what tasks replace; who looks by hand gets what there is.
        if name == "run_status" {
            return Ok(answered);
        }
        Ok(self.shared.tasks.instead_of(
            answered,
            self.engine(),
            &self.commands,
            &self.shared.offered,
            &asked,
        ))
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
        let all = Handler::new(engine());
        let told = instructions(&all.shared.offered);
        assert!(told.chars().count() < 2_000, "{}", told.chars().count());
        assert!(!told.contains("{{"), "{told}");
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
