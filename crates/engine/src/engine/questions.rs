//! Questions back to a person: what only the servers know is added to the choices, and answers fill the intent.
//!
//! Which questions there are and their words are the intent reader's.

use std::time::Duration;

use release_intent::{Action, Choice, EnvironmentRef, PackageRef, Question, Reading, Slot};
use tokio::time::timeout;

use super::Engine;

/// How long a server may take to name its packages; a person who was asked does not wait longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Packages that are offered, newest first.
const OFFERED: usize = 8;

impl Engine {
    /// The same questions, with the packages that lie on the environment's server among the choices, with size and time.
    /// A server that does not answer adds nothing: any name may be answered all the same.
    pub async fn with_packages(&self, reading: &Reading, mut questions: Vec<Question>) -> Vec<Question> {
        let intent = &reading.intent;
        let Some(question) = questions
            .iter_mut()
            .find(|question| question.slot == Slot::Package)
        else {
            return questions;
        };
        let side = intent.source.as_ref().or(intent.target.as_ref());
        let Ok(environment) = self.resolve(side.unwrap_or(&EnvironmentRef::Current).as_str()) else {
            return questions;
        };
        let Ok(Ok(packages)) = timeout(PATIENCE, self.packages(&environment)).await else {
            return questions;
        };
        let usable = packages
            .into_iter()
            .filter(|package| package.place == "server" && !package.in_progress)
            .take(OFFERED);
        question.choices.extend(usable.map(|package| {
            let when = package
                .created_at
                .map_or(String::new(), |when| format!(", {when}"));
            Choice {
                label: format!("{} ({}{when})", package.name, package.size),
                value: package.name,
            }
        }));
        questions
    }

    /// Fills the question's slot by an answer; false when the answer fits nothing, and the slot stays to be asked.
    pub fn answer(&self, reading: &mut Reading, question: &Question, answer: &str) -> bool {
        let meant = question
            .chosen(answer)
            .map_or(answer.trim(), |choice| choice.value.as_str());
        let environment = || self.resolve(meant).ok().map(EnvironmentRef::Named);
        let intent = &mut reading.intent;
        let filled = match question.slot {
            Slot::Source => environment().map(|name| intent.source = Some(name)),
            Slot::Target => environment().map(|name| intent.target = Some(name)),
            Slot::Package if meant == "@new" => {
                intent.package = None;
                Some(())
            }
            Slot::Package => {
                (!meant.is_empty()).then(|| intent.package = Some(PackageRef::from(meant.to_owned())))
            }
            Slot::Action => {
                Action::from_name(&meant.to_lowercase()).map(|action| intent.action = Some(action))
            }
        };
        if filled.is_some() {
            intent.clarify.retain(|slot| *slot != question.slot);
        }
        filled.is_some()
    }
}
