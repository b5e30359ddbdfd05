//! Asking the person at the client to type a plan's phrase, in both lifecycles of the protocol.
//!
//! Clients that initialize are asked by a request of ours while the call waits. From 2026-07-28 on the call is
//! answered with the question instead, and comes again with the answer and with state that only we can have sealed.
//! A decline is no "no": some clients decline by themselves, so the caller is told of the other way, the terminal.
//! Whether an answer confirms a plan is the engine's business.

use std::time::Duration;

use release_engine::Plan;
use rmcp::RoleServer;
use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest,
    InputRequiredResult, InputResponses, PrimitiveSchemaDefinition, ProtocolVersion, RequestStateCodec,
    SealOptions, StringSchema,
};
use rmcp::service::RequestContext;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::deadline::waiting_ends;
use crate::follow::Progress;
use crate::http::caller_of;
use crate::reply::ToolError;
use crate::text::{one_line, quoted};

/// How long a person has to answer while the call waits: long where the client is shown progress, which keeps its call
/// alive, else as long as any call may last.
const ANSWER_LIMIT: Duration = Duration::from_secs(240);
/// How often the waiting call shows a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// The name of the question, and of the field that is asked for.
const FIELD: &str = "phrase";

/// What came of asking.
pub(crate) enum Asked {
    /// The person typed this.
    Typed(String),
    /// Nobody answered, for this reason.
    NotAnswered(&'static str),
    /// The client has to come back with the answer.
    ComeBack(Box<InputRequiredResult>),
}

/// What a call brought along from an earlier round.
#[derive(Default)]
pub(crate) struct EarlierRound {
    pub(crate) state: Option<String>,
    pub(crate) answers: Option<InputResponses>,
}

/// Seals what a client hands back. Its key lives as long as the process: enough for one server; several servers
/// behind one address will need a configured key.
pub(crate) struct Seal {
    codec: Option<RequestStateCodec>,
}

/// What is sealed: the plan whose phrase was asked for. The plan itself is good for one run only, so an answer that
/// is sent twice starts nothing twice.
#[derive(Serialize, Deserialize)]
struct Ticket {
    plan: String,
}

impl Seal {
    pub(crate) fn new() -> Self {
        let mut key = vec![0_u8; 32];
        let codec = getrandom::fill(&mut key)
            .ok()
            .and_then(|()| RequestStateCodec::try_new(key).ok());
        Self { codec }
    }

    /// Binds state to the plan as it is, and to whoever was asked.
    fn bound_to(plan: &Plan, caller: Option<&str>) -> Vec<u8> {
        format!(
            "confirm\n{}\n{}\n{}",
            plan.id,
            plan.hash,
            caller.unwrap_or_default()
        )
        .into_bytes()
    }

    fn close(&self, plan: &Plan, caller: Option<&str>) -> Option<String> {
        let bound = Self::bound_to(plan, caller);
        let options = SealOptions::new()
            .associated_data(&bound)
            .ttl(Duration::from_secs(3_600));
        let ticket = Ticket {
            plan: plan.id.to_string(),
        };
        self.codec.as_ref()?.seal_json_with(&ticket, &options).ok()
    }

    fn opens(&self, sealed: &str, plan: &Plan, caller: Option<&str>) -> bool {
        let bound = Self::bound_to(plan, caller);
        self.codec
            .as_ref()
            .and_then(|codec| codec.open_json_with::<Ticket>(sealed, &bound).ok())
            .is_some_and(|ticket| ticket.plan == plan.id.as_str())
    }
}

/// Asks for the plan's phrase, or takes the answer that an earlier round brought.
pub(crate) async fn ask(
    seal: &Seal,
    plan: &Plan,
    earlier: EarlierRound,
    context: &RequestContext<RoleServer>,
) -> Result<Asked, ToolError> {
    if !can_ask(context) {
        return Ok(Asked::NotAnswered("this client cannot ask its user"));
    }
    let modern = context
        .protocol_version()
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    if !modern {
        return Ok(ask_and_wait(plan, context).await);
    }
    let caller = caller_of(context);
    let caller = caller.as_deref();
    match (earlier.state, earlier.answers) {
        (Some(state), Some(answers)) => {
            if !seal.opens(&state, plan, caller) {
                return Err(ToolError::new(
                    "question_expired",
                    "the answer does not belong to a question about this plan; nothing was started",
                    "call confirm again without the earlier state",
                ));
            }
            let answer = answers
                .get(FIELD)
                .and_then(|answer| serde_json::from_value::<ElicitResult>(answer.clone()).ok());
            Ok(answer.map_or(Asked::NotAnswered("no answer came back"), read_answer))
        }
        _ => match seal.close(plan, caller) {
            Some(state) => {
                let question = InputRequest::Elicitation(ElicitRequest::new(question(plan)));
                let questions = [(FIELD.to_owned(), question)].into();
                Ok(Asked::ComeBack(Box::new(InputRequiredResult::new(
                    Some(questions),
                    Some(state),
                ))))
            }
            None => Ok(Asked::NotAnswered("this machine has no randomness to ask safely")),
        },
    }
}

/// The capability is looked up here because rmcp sends questions to clients that never said they can ask.
fn can_ask(context: &RequestContext<RoleServer>) -> bool {
    context
        .client_capabilities()
        .and_then(|capabilities| capabilities.elicitation)
        .is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

async fn ask_and_wait(plan: &Plan, context: &RequestContext<RoleServer>) -> Asked {
    let mut progress = Progress::of(context);
    let mut signs = interval(SIGN_OF_LIFE);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let limit = match progress.is_wanted() {
        true => ANSWER_LIMIT,
        false => waiting_ends(ANSWER_LIMIT).saturating_duration_since(began),
    };
    let answer = context
        .peer
        .create_elicitation_with_timeout(question(plan), Some(limit));
    tokio::pin!(answer);
    loop {
        tokio::select! {
            // An answer that comes after the client gave the call up must not start anything.
            () = context.ct.cancelled() => return Asked::NotAnswered("the call was cancelled"),
            answer = &mut answer => return match answer {
                Ok(answer) => read_answer(answer),
                Err(_) if began.elapsed() >= limit => Asked::NotAnswered("nobody answered in time"),
                Err(error) => {
                    tracing::debug!(%error, "the client could not ask its user");
                    Asked::NotAnswered("the client could not ask its user")
                }
            },
            _ = signs.tick() => progress.send(1, "waiting for the user to type the phrase").await,
        }
    }
}

fn read_answer(answer: ElicitResult) -> Asked {
    match answer.action {
        ElicitationAction::Accept => {
            let typed = answer.content.as_ref().and_then(|content| content.get(FIELD));
            match typed.and_then(Value::as_str) {
                Some(typed) => Asked::Typed(typed.to_owned()),
                None => Asked::NotAnswered("the answer was empty"),
            }
        }
        ElicitationAction::Decline => Asked::NotAnswered("declined, by the user or by the client on its own"),
        _ => Asked::NotAnswered("the question was closed without an answer"),
    }
}

fn question(plan: &Plan) -> ElicitRequestParams {
    let target = plan.target().unwrap_or_default();
    let phrase = plan.phrase();
    let mut message = format!(
        "{} is protected. {}.\nIt overwrites:\n",
        one_line(target, 100),
        one_line(&plan.summary, 400)
    );
    for line in &plan.destroys {
        message.push_str(&quoted(&one_line(line, 400)));
    }
    message.push_str(&format!(
        "If that is what you want, type exactly: {phrase}\n(plan {}, good until {})",
        plan.id, plan.expires_at
    ));
    let field = StringSchema::new()
        .title("Phrase")
        .description(format!("Type: {phrase}"))
        .max_length(200);
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema: ElicitationSchema::new(
            [(FIELD.to_owned(), PrimitiveSchemaDefinition::String(field))].into(),
        )
        .with_required(vec![FIELD.to_owned()]),
    }
}
