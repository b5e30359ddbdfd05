//! What a restore does to the credentials it is sent with; pure.
//!
//! Facts: measured on NocoBase 2.2.15. A target keeps its secret, so its tokens stay valid, but users, roles, keys and
//! sessions are the package's: a token works as whoever has its user's number by then.

use jiff::Timestamp;

use crate::facts::{CredentialKind, EnvironmentFacts, Facts};
use crate::finding::Finding;

/// The number of the first administrator, whom every NocoBase has.
const FIRST_USER: u64 = 1;

/// What becomes of the target's credentials; `other_users` is whether the package may hold other users than the target.
pub(super) fn after_restore(target: &EnvironmentFacts, other_users: bool) -> Option<Finding> {
    let name = &target.environment;
    let set_up = format!("or name others under [environments.{name}.fallback] in the settings");
    let (code, text, next_step) = match target.credential.kind {
        CredentialKind::OAuth => (
            "oauth_session_ends",
            format!(
                "the session that NocoBase CLI keeps for {name} cannot be renewed after the restore: it works until it \
                 expires, one day at most"
            ),
            format!("sign in to {name} again afterwards with NocoBase CLI, {set_up}"),
        ),
        CredentialKind::Session => (
            "session_ends",
            format!(
                "the session token of {name} cannot be renewed after the restore: it works until it expires, one day at \
                 most"
            ),
            format!("use an API key of the first administrator, {set_up}"),
        ),
        CredentialKind::ApiKey if other_users && target.identity.id != FIRST_USER => (
            "key_changes_owner",
            format!(
                "the API key of {name} belongs to user {} ({}); after the restore it works as whoever has that number \
                 then, or not at all",
                target.identity.id, target.identity.username
            ),
            format!("use an API key of the first administrator, {set_up}"),
        ),
        CredentialKind::ApiKey if other_users => {
            return Some(Finding::note(
                "key_unlisted",
                format!(
                    "the API key of {name} goes on working, but {name} no longer lists it, so it cannot be revoked there"
                ),
            ));
        }
        CredentialKind::Account if other_users => (
            "account_replaced",
            format!(
                "after the restore {} signs in to {name} with the password of the package's source, where there is \
                 such an account",
                target.identity.username
            ),
            format!("use an account that is the same on both sides, {set_up}"),
        ),
        CredentialKind::ApiKey | CredentialKind::Account | CredentialKind::Unknown => return None,
    };
    Some(if target.credential.has_fallback {
        Finding::note(code, format!("{text}; those to fall back on are used then"))
    } else {
        Finding::warning(code, text, next_step)
    })
}

/// Credentials that may expire before a run has ended.
pub(super) fn expiring(facts: &Facts, until: Timestamp) -> Vec<Finding> {
    let ends_early = |side: &&EnvironmentFacts| {
        side.credential.kind != CredentialKind::OAuth
            && side.credential.expires_at.is_some_and(|expires| expires < until)
    };
    [&facts.source, &facts.target]
        .into_iter()
        .flatten()
        .filter(ends_early)
        .map(|side| {
            let expires = side.credential.expires_at.unwrap_or(until);
            Finding::warning(
                "credentials_expire",
                format!(
                    "the token of {} expires at {}, which may be before the run has ended",
                    side.environment,
                    expires.strftime("%Y-%m-%d %H:%M:%S UTC")
                ),
                "use one that lasts longer",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CredentialFacts, IdentityFacts};

    fn target(kind: CredentialKind, id: u64, has_fallback: bool) -> EnvironmentFacts {
        EnvironmentFacts {
            environment: "test".into(),
            api_base: "http://t/api".into(),
            app_name: "main".into(),
            version: "2.2.15".into(),
            dialect: "postgres".into(),
            schema: None,
            identity: IdentityFacts {
                id,
                username: "tess".into(),
            },
            credential: CredentialFacts {
                kind,
                expires_at: None,
                has_fallback,
            },
            plugins: None,
            backups: Vec::new(),
            backups_kept: None,
            outside: Default::default(),
            logs_readable: true,
        }
    }

    #[test]
    fn each_kind_is_told_what_becomes_of_it() {
        let code = |kind, id, other| after_restore(&target(kind, id, false), other).map(|found| found.code);
        assert_eq!(
            code(CredentialKind::ApiKey, 1, true).as_deref(),
            Some("key_unlisted")
        );
        assert_eq!(
            code(CredentialKind::ApiKey, 2, true).as_deref(),
            Some("key_changes_owner")
        );
        assert_eq!(code(CredentialKind::ApiKey, 2, false), None);
        assert_eq!(
            code(CredentialKind::Account, 1, true).as_deref(),
            Some("account_replaced")
        );
        assert_eq!(code(CredentialKind::Account, 1, false), None);
        assert_eq!(
            code(CredentialKind::Session, 1, false).as_deref(),
            Some("session_ends")
        );
        assert_eq!(
            code(CredentialKind::OAuth, 1, false).as_deref(),
            Some("oauth_session_ends")
        );
        assert_eq!(code(CredentialKind::Unknown, 9, true), None);
    }

    #[test]
    fn a_fallback_makes_a_warning_a_note() {
        let found = after_restore(&target(CredentialKind::ApiKey, 2, true), true).unwrap();
        assert_eq!(found.severity, crate::finding::Severity::Note);
        assert!(found.text.contains("fall back"), "{}", found.text);
    }

    #[test]
    fn a_token_that_ends_too_early_is_said() {
        let until: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut early = target(CredentialKind::ApiKey, 1, false);
        early.credential.expires_at = Some("2025-12-31T23:59:59Z".parse().unwrap());
        let facts = Facts {
            source: None,
            target: Some(early),
            file: None,
            last_run: None,
            source_in_doubt: None,
            migration: None,
        };
        assert_eq!(expiring(&facts, until).len(), 1);
        assert!(expiring(&facts, "2025-01-01T00:00:00Z".parse().unwrap()).is_empty());
    }
}
