//! Engines, clients and answers that the tests share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nocobase_client::{ApiBase, ClientOptions, Credentials, Environment, Origin, Secret};
use nocobase_sim::{Sim, SimConfig};
use release_engine::{Engine, EngineSettings, Home, Pace, Policy, RunReport, RunSecrets};
use release_mcp::Handler;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, Implementation, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// `initialize`, as until 2025-11-25.
    Initialize,
    /// `server/discover` and metadata with every request, as from 2026-07-28.
    Discover,
}

pub(crate) const BOTH: [Lifecycle; 2] = [Lifecycle::Initialize, Lifecycle::Discover];

/// What the person at the client does with a question; none is a client that cannot ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    CannotAsk,
    TypesPhrase,
    TypesNonsense,
    Declines,
}

/// The person at the client.
#[derive(Clone)]
pub(crate) struct Person {
    behaviour: Behaviour,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = match self.behaviour {
            Behaviour::CannotAsk => ClientCapabilities::default(),
            _ => ClientCapabilities::builder().enable_elicitation().build(),
        };
        ClientConfig::new(capabilities, Implementation::new("tests", "0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            panic!("a form was expected");
        };
        let phrase = message
            .lines()
            .find_map(|line| line.split_once("type exactly: "))
            .map(|(_, phrase)| phrase.to_owned())
            .unwrap();
        self.asked.lock().unwrap().push(message);
        let typed = |text: &str| {
            Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "phrase": text })))
        };
        match self.behaviour {
            Behaviour::TypesPhrase => typed(&phrase),
            Behaviour::TypesNonsense => typed("yes please"),
            Behaviour::Declines | Behaviour::CannotAsk => Ok(ElicitResult::new(ElicitationAction::Decline)),
        }
    }
}

/// A connected client.
pub(crate) struct Connection {
    pub(crate) client: RunningService<RoleClient, Person>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Connection {
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        let call = CallToolRequestParams::new(tool).with_arguments(arguments);
        self.client.call_tool(call).await.unwrap()
    }

    /// The structured content of a call that must succeed, checked against the tool's output schema.
    pub(crate) async fn data(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{}", text(&result));
        let data = result.structured_content.unwrap();
        let tools = self.client.list_all_tools().await.unwrap();
        let schema = tools
            .into_iter()
            .find(|candidate| candidate.name == tool)
            .unwrap()
            .output_schema
            .unwrap();
        let schema = Value::Object((*schema).clone());
        if let Err(error) = jsonschema::validate(&schema, &data) {
            panic!("{tool} breaks its own output schema: {error}");
        }
        data
    }

    /// The text of a call that must be refused.
    pub(crate) async fn error(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{}", text(&result));
        assert_eq!(result.structured_content, None);
        text(&result)
    }

    /// What the person was asked so far.
    /// The protocol's own error for a call that is none.
    pub(crate) async fn refused(&self, tool: &'static str) -> String {
        let called = self.client.call_tool(CallToolRequestParams::new(tool)).await;
        format!("{:?}", called.unwrap_err())
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(crate) fn text(result: &CallToolResult) -> String {
    result
        .content
        .iter()
        .filter_map(|block| block.as_text())
        .map(|block| block.text.as_str())
        .collect()
}

/// A client of this engine, connected in memory.
pub(crate) async fn connect(engine: &Engine, lifecycle: Lifecycle, behaviour: Behaviour) -> Connection {
    connect_to(Handler::new(engine.clone()), lifecycle, behaviour).await
}

/// A client of this handler, connected in memory.
pub(crate) async fn connect_to(handler: Handler, lifecycle: Lifecycle, behaviour: Behaviour) -> Connection {
    let (client_end, server_end) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { handler.serve(server_end).await.unwrap().waiting().await });
    let asked = Arc::default();
    let person = Person {
        behaviour,
        asked: Arc::clone(&asked),
    };
    let mode = match lifecycle {
        Lifecycle::Initialize => ClientLifecycleMode::Initialize,
        Lifecycle::Discover => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
    };
    let client = person.serve_with_lifecycle(client_end, mode).await.unwrap();
    Connection { client, asked }
}

/// An engine on a home of its own.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) home: TempDir,
}

impl Fixture {
    /// Executes the newest run, which nobody else does, and gives its end.
    pub(crate) async fn execute(&self) -> RunReport {
        let run = self.engine.find_run(None).unwrap();
        // A run is a large future, and the thread of a test has a small stack.
        Box::pin(self.engine.execute(&run, RunSecrets::default()))
            .await
            .unwrap();
        self.engine.run(&run).unwrap()
    }
}

/// An engine whose environments answer nothing.
pub(crate) fn silent_engine() -> Fixture {
    fixture(
        vec![
            environment("dev", "http://127.0.0.1:9/api", "none"),
            environment("test", "http://127.0.0.1:9/api", "none"),
        ],
        Policy::default(),
    )
}

/// An engine on simulated dev, test and prod. Runs are started, but nobody executes them.
pub(crate) async fn simulated(policy: Policy) -> (Fixture, Sim) {
    let sim = Sim::start(SimConfig::sandbox()).await.unwrap();
    let environments = sim
        .environments()
        .iter()
        .map(|simulated| environment(simulated.name(), &simulated.url(), &simulated.token()))
        .collect();
    (fixture(environments, policy), sim)
}

/// An engine whose environments are all at this address.
pub(crate) fn at(url: &str) -> Fixture {
    let environments = ["dev", "test"].map(|name| environment(name, url, "a-token"));
    fixture(environments.into(), Policy::default())
}

fn fixture(environments: Vec<Environment>, policy: Policy) -> Fixture {
    let home = tempfile::tempdir().unwrap();
    let engine = Engine::new(EngineSettings {
        home: Home::new(home.path()),
        environments,
        unusable: std::collections::BTreeMap::new(),
        current: Some("dev".into()),
        policy,
        pace: Pace {
            poll: Duration::from_millis(40),
            poll_slow: Duration::from_millis(80),
            early: Duration::from_millis(80),
            settle: Duration::from_millis(600),
            no_restart: Duration::from_millis(900),
            broken: Duration::from_millis(500),
        },
        client: ClientOptions {
            read_retries: 0,
            ..ClientOptions::default()
        },
        // Takes its secrets and does nothing.
        runner: vec!["sh".into(), "-c".into(), "cat > /dev/null".into()],
    });
    Fixture { engine, home }
}

fn environment(name: &str, url: &str, token: &str) -> Environment {
    Environment {
        name: name.into(),
        api_base: ApiBase::parse(url).unwrap(),
        credentials: Credentials::Token(Secret::new(token)),
        fallback: None,
        role: None,
        aliases: if name == "test" {
            vec!["测试".into()]
        } else {
            Vec::new()
        },
        origin: Origin::Settings,
    }
}

/// Calls that changed something on any environment.
pub(crate) fn mutations(sim: &Sim) -> Vec<String> {
    let of = |simulated: &nocobase_sim::Environment| {
        simulated
            .requests()
            .into_iter()
            .filter(|request| request.mutation)
            .map(|request| request.action)
    };
    sim.environments().iter().flat_map(of).collect()
}
