//! The part of a run that overwrites: marker, upload, and what follows, to the verdict.

use nocobase_client::RestoreOptions;

use super::watch::{PATIENCE, Watched};
use super::{Attempt, Runner, Stop};
use crate::error::{EngineError, ErrorReport, client_report};
use crate::evidence::{Acceptance, Canary, Evidence, Standing};
use crate::journal::{Event, PackageRole, StepOutcome, StepState, StoredPackage};
use crate::package::Inspection;
use crate::plan::StepName;
use crate::run::obtain::Judged;
use crate::verdict::{Decision, Verdict, decide};

impl Runner {
    pub(super) async fn overwrite(&self) -> Result<(), EngineError> {
        let prepared = async {
            self.read_facts_again().await?;
            let (package, safety_backup) = self.obtain_both().await?;
            let judged = self.judge(&package, safety_backup.as_ref()).await?;
            self.plant_marker().await?;
            self.check_unaltered(&package).await?;
            if let Some(safety_backup) = &safety_backup {
                self.check_way_back(safety_backup).await?;
            }
            Ok((package, judged))
        };
        match prepared.await {
            Ok((package, judged)) => {
                self.upload(Attempt::Restore, &package, &judged.package).await?;
                Box::pin(self.finish_overwrite(Some(judged))).await
            }
            Err(stop) => {
                self.remove_marker_if_planted().await;
                self.end_unchanged(stop)
            }
        }
    }

    /// Puts a row into the target that its safety backup does not hold. Where the role may not, the run goes on
    /// without it and the evidence is weaker.
    async fn plant_marker(&self) -> Result<(), Stop> {
        let step = StepName::PlantCanary;
        let target = self.target_client()?;
        let name = self.marker_name();
        self.begin(step)?;
        let created = target.create_variable(&name, "see nocobase-release").await;
        let seen = target.has_variable(&name).await;
        let outcome = match (created, seen) {
            (_, Ok(true)) => StepOutcome::Done { note: name },
            (Err(error), _) => StepOutcome::Failed {
                error: client_report(&error),
            },
            (Ok(()), Err(error)) => StepOutcome::Failed {
                error: client_report(&error),
            },
            (Ok(()), Ok(false)) => StepOutcome::Failed {
                error: Stop::new("marker_not_seen", "the marker was accepted but is not there", "").cause,
            },
        };
        self.finish(step, outcome)?;
        Ok(())
    }

    /// An upload: the one request that overwrites. It is written down before it is sent, and never sent again.
    pub(super) async fn upload(
        &self,
        attempt: Attempt,
        package: &StoredPackage,
        opened: &Inspection,
    ) -> Result<(), EngineError> {
        let step = attempt.upload();
        let target = self.target_client()?;
        let password = self.secrets.package_password.clone().filter(|_| opened.encrypted);
        let options = RestoreOptions {
            password,
            database_schema: self.plan.remapped_schema(opened),
        };
        let counter = self.byte_counter(step);
        self.begin(step)?;
        match target.restore_upload(&package.path, &options, counter).await {
            Ok(accepted) => {
                let note = accepted
                    .request_id
                    .clone()
                    .map_or_else(String::new, |id| format!("request {id}"));
                self.write(Event::RestoreAccepted {
                    request_id: accepted.request_id,
                    task: accepted.task,
                })?;
                self.finish(step, StepOutcome::Done { note })
            }
            Err(error) if error.may_have_happened() => self.finish(
                step,
                StepOutcome::Unknown {
                    error: client_report(&error),
                },
            ),
            Err(error) => self.finish(
                step,
                StepOutcome::Failed {
                    error: client_report(&error),
                },
            ),
        }
    }

    /// Watches, gathers and decides. Everything it needs is in the journal, so a run whose process died after
    /// the upload began is finished by the same steps.
    pub(super) async fn finish_overwrite(&self, judged: Option<Judged>) -> Result<(), EngineError> {
        let evidence = match self.state().evidence {
            // The process died after it had seen everything; what it did then (the marker) would be misread now.
            Some(evidence) => evidence,
            None => {
                let judged = match judged {
                    Some(judged) => Some(judged),
                    None => self.open_again().await,
                };
                let evidence = self
                    .see_outcome(Attempt::Restore, judged.as_ref(), decide)
                    .await?;
                self.write(Event::EvidenceGathered {
                    evidence: Box::new(evidence.clone()),
                })?;
                evidence
            }
        };
        let decision = decide(&evidence);
        // Also where the marker was not seen: the answer about it may be what was lost.
        let planted = self.state().began(StepName::PlantCanary) && evidence.canary != Canary::Gone;
        if planted && evidence.standing == Standing::Up && !decision.verdict.may_have_changed() {
            self.remove_marker().await?;
        }
        let rolls_back =
            evidence.damage_is_certain() && self.rolls_back(&evidence.standing, decision.verdict);
        let cause = match &evidence.acceptance {
            Acceptance::Refused { message } => Some(ErrorReport {
                code: "upload_refused".into(),
                message: message.clone(),
                next_step: "see what the server said".into(),
            }),
            Acceptance::Accepted | Acceptance::ReplyLost { .. } => None,
        };
        if rolls_back {
            return Box::pin(self.roll_back()).await;
        }
        self.end(decision.verdict, decision.reasons, cause)
    }

    /// Watches what follows an upload and reads what came of it, which `decides` weighs; changes nothing.
    pub(super) async fn see_outcome(
        &self,
        attempt: Attempt,
        judged: Option<&Judged>,
        decides: impl Fn(&Evidence) -> Decision,
    ) -> Result<Evidence, EngineError> {
        let acceptance = self.acceptance(attempt);
        let watched = match &acceptance {
            // A proxy that sent it twice hands on the second answer: an application that is down has taken the first.
            Acceptance::Refused { .. } if !self.is_down().await? => Watched::not_expected(),
            Acceptance::Refused { .. } | Acceptance::Accepted | Acceptance::ReplyLost { .. } => {
                self.begin(attempt.watch())?;
                let watched = self.watch(attempt, false).await?;
                self.finish(attempt.watch(), StepOutcome::Done { note: watched.note() })?;
                watched
            }
        };
        self.begin(attempt.verify())?;
        let mut evidence = self
            .gather(attempt, acceptance.clone(), watched.clone(), judged)
            .await?;
        let mut verdict = decides(&evidence).verdict;
        // Bad news may only be too early: a server that goes back is up over a database it is still refilling, and
        // what a server had started that died may load on for longer than the next one takes to come up.
        let mut looks = if watched.process_died { PATIENCE } else { 1 };
        while looks > 0
            && matches!(verdict, Verdict::Partial | Verdict::Lost)
            && evidence.standing == Standing::Up
        {
            looks -= 1;
            tokio::time::sleep(self.pace.settle).await;
            evidence = self
                .gather(attempt, acceptance.clone(), watched.clone(), judged)
                .await?;
            verdict = decides(&evidence).verdict;
        }
        self.finish(
            attempt.verify(),
            StepOutcome::Done {
                note: verdict.as_str().into(),
            },
        )?;
        Ok(evidence)
    }

    pub(super) fn acceptance(&self, attempt: Attempt) -> Acceptance {
        let state = self.state();
        match state.steps.get(&attempt.upload()) {
            Some(StepState::Ended(StepOutcome::Done { .. })) => Acceptance::Accepted,
            Some(StepState::Ended(StepOutcome::Failed { error })) => Acceptance::Refused {
                message: error.message.clone(),
            },
            Some(StepState::Ended(StepOutcome::Unknown { error })) => Acceptance::ReplyLost {
                message: error.message.clone(),
            },
            Some(StepState::Started)
                if self.accepted(attempt).request_id.is_some() || state.migration_answer.is_some() =>
            {
                Acceptance::Accepted
            }
            Some(StepState::Started) | None => Acceptance::ReplyLost {
                message: "the process of this run died during the upload".into(),
            },
        }
    }

    /// The packages of a run that is taken up again; without them the evidence is weaker, not wrong.
    async fn open_again(&self) -> Option<Judged> {
        let state = self.state();
        let package = self.open(state.packages.get(&PackageRole::Package)?).await.ok()?;
        let safety_backup = match state.packages.get(&PackageRole::SafetyBackup) {
            Some(stored) => self.open(stored).await.ok(),
            None => self.plan.package_is_safety_backup.then(|| package.clone()),
        };
        Some(Judged {
            package,
            safety_backup,
        })
    }

    async fn remove_marker(&self) -> Result<(), EngineError> {
        // Sent once, even by a run that is taken up again.
        if self.state().began(StepName::TidyUp) {
            return Ok(());
        }
        self.begin(StepName::TidyUp)?;
        let outcome = match self.target_client()?.remove_variable(&self.marker_name()).await {
            Ok(()) => StepOutcome::Done { note: String::new() },
            Err(error) => StepOutcome::Failed {
                error: client_report(&error),
            },
        };
        self.finish(StepName::TidyUp, outcome)
    }

    /// Best effort on the way out: a marker that stays is harmless and named in the journal.
    pub(super) async fn remove_marker_if_planted(&self) {
        if self.state().began(StepName::PlantCanary)
            && let Err(error) = self.remove_marker().await
        {
            tracing::warn!(%error, "the marker could not be removed");
        }
    }

    /// The marker's name: letters, digits and underscores, as names of environment variables must be.
    pub(super) fn marker_name(&self) -> String {
        let run = self.state().run;
        format!("NBREL_{}", run.as_str().to_uppercase().replace('-', "_"))
    }
}
