//! The server of this crate with the fixtures that the official conformance suite asks for, and nothing else changed:
//! the same handler, the same HTTP stack, the same guards. `tests/clients` runs the suite against it.
//!
//!     cargo run -p release-mcp --example conformance -- 127.0.0.1:0
//!
//! The suite calls tools, prompts and resources by fixed names (npm package `@modelcontextprotocol/conformance`,
//! 0.2.0-alpha.12), some of them for features that this product leaves out on purpose: logging, sampling, roots,
//! resource subscriptions. They exist here only. Whatever has another name goes to the product's handler.

#![expect(
    deprecated,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the suite asks for deprecated features; a fixture that is wrong may fall over"
)]

mod content;
mod jobs;
mod rounds;
mod tools;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use release_engine::{Engine, EngineSettings, Home, Pace, Policy};
use release_mcp::{Handler, HttpLimits, HttpOptions, HttpServer};
use rmcp::model::*;
use rmcp::service::{RequestContext, SubscriptionContext, SubscriptionSink};
use rmcp::task_manager::TaskManager;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio_util::sync::CancellationToken;

/// The product's handler, and the fixtures beside it.
#[derive(Clone)]
struct WithFixtures {
    product: Handler,
    shared: Arc<Shared>,
}

struct Shared {
    seal: RequestStateCodec,
    listeners: Mutex<HashMap<u64, SubscriptionSink>>,
    next_listener: AtomicU64,
    tasks: TaskManager,
}

impl WithFixtures {
    fn seal(&self) -> &RequestStateCodec {
        &self.shared.seal
    }

    fn listeners(&self) -> Vec<SubscriptionSink> {
        let listeners = self
            .shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.values().cloned().collect()
    }
}

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl ServerHandler for WithFixtures {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.product.get_info();
        let more = ServerCapabilities::builder()
            .enable_logging()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        info.capabilities.logging = more.logging;
        info.capabilities.prompts = more.prompts;
        info.capabilities.resources = more.resources;
        info.capabilities.tools = more.tools;
        info
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::find(name).or_else(|| self.product.get_tool(name))
    }

    async fn list_tools(&self, page: Page, context: Context) -> Result<ListToolsResult, ErrorData> {
        let mut list = self.product.list_tools(page, context).await?;
        list.tools.extend(tools::list());
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        if tools::find(&request.name).is_none() {
            return self.product.call_tool(request, context).await;
        }
        if jobs::JOBS.contains(&request.name.as_ref()) {
            return jobs::call(&self.shared.tasks, &request, &context).await;
        }
        match rounds::call(self.seal(), &request, &context)? {
            Some(response) => Ok(response),
            None => tools::call(&request, &context, &self.listeners()).await,
        }
    }

    async fn list_prompts(&self, page: Page, context: Context) -> Result<ListPromptsResult, ErrorData> {
        let mut list = self.product.list_prompts(page, context).await?;
        list.prompts.extend(content::prompts());
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        match content::prompt(&request) {
            Some(response) => Ok(response),
            None => self.product.get_prompt(request, context).await,
        }
    }

    async fn list_resources(&self, page: Page, context: Context) -> Result<ListResourcesResult, ErrorData> {
        let mut list = self.product.list_resources(page, context).await?;
        list.resources.extend(content::resources());
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        page: Page,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut list = self.product.list_resource_templates(page, context).await?;
        list.resource_templates.push(content::template());
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match content::read(&request.uri) {
            Some(found) => Ok(found.into()),
            None => self.product.read_resource(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        self.product.complete(request, context).await
    }

    async fn list_skills(&self, page: Page, context: Context) -> Result<ListSkillsResult, ErrorData> {
        self.product.list_skills(page, context).await
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: Context,
    ) -> Result<GetSkillResult, ErrorData> {
        self.product.get_skill(request, context).await
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        context: Context,
    ) -> Result<ReadResourceDirectoryResult, ErrorData> {
        self.product.read_resource_directory(request, context).await
    }

    async fn get_task(&self, request: GetTaskParams, context: Context) -> Result<GetTaskResult, ErrorData> {
        match self.shared.tasks.get_task(&request.task_id) {
            Ok(task) => Ok(GetTaskResult::new(task)),
            Err(_) => self.product.get_task(request, context).await,
        }
    }

    async fn update_task(&self, request: UpdateTaskParams, context: Context) -> Result<(), ErrorData> {
        if self.shared.tasks.get_task(&request.task_id).is_err() {
            return self.product.update_task(request, context).await;
        }
        self.shared
            .tasks
            .update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(&self, request: CancelTaskParams, context: Context) -> Result<(), ErrorData> {
        if self.shared.tasks.get_task(&request.task_id).is_err() {
            return self.product.cancel_task(request, context).await;
        }
        self.shared.tasks.cancel_task(&request.task_id)
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let key = self.shared.next_listener.fetch_add(1, Ordering::Relaxed);
        let listeners = || {
            self.shared
                .listeners
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        listeners().insert(key, context.sink().clone());
        context.cancelled().await;
        listeners().remove(&key);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let engine = Engine::new(EngineSettings {
        home: Home::new(std::env::temp_dir().join("nocobase-release-conformance")),
        environments: Vec::new(),
        unusable: std::collections::BTreeMap::new(),
        current: None,
        policy: Policy::default(),
        pace: Pace::default(),
        client: Default::default(),
        runner: Vec::new(),
    });
    let mut key = vec![0_u8; 32];
    getrandom::fill(&mut key)?;
    let handler = WithFixtures {
        product: Handler::new(engine),
        shared: Arc::new(Shared {
            seal: RequestStateCodec::try_new(key)?,
            listeners: Mutex::default(),
            next_listener: AtomicU64::new(0),
            tasks: TaskManager::new(),
        }),
    };
    // The suite sends hundreds of requests in a second or two.
    let limits = HttpLimits {
        burst: 10_000,
        ..HttpLimits::default()
    };
    let options = HttpOptions {
        limits,
        ..HttpOptions::new(address.parse()?)
    };
    let server = HttpServer::bind(handler, options).await?;
    writeln!(std::io::stderr(), "MCP over HTTP: {}", server.url())?;
    server.serve(CancellationToken::new()).await;
    Ok(())
}
