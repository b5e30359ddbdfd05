//! What to do about an error, in a sentence or two.
//!
//! A hint names the environment and, where a permission is missing, the permission by NocoBase's own name for
//! it. It promises nothing and decides nothing.

use crate::error::{Call, Error};

/// The hint for an error.
pub(crate) fn of(error: &Error) -> String {
    let environment = error
        .call()
        .map(|call| call.environment.as_ref())
        .unwrap_or_default();
    match error {
        Error::Unreachable { .. } => format!(
            "Check that the server of `{environment}` is running, that its address is right and that this \
             machine can reach it."
        ),
        Error::Tls { .. } => format!(
            "Check the certificate of `{environment}` (name, date, issuer) and whether its address should \
             begin with http:// instead; an issuer of your own must be trusted by the operating system."
        ),
        Error::TimedOut { .. } | Error::ConnectionLost { .. } => {
            after_doubt(error, "Check the network and any proxy in between, then try again.")
        }
        Error::Unauthorized { code, .. } => unauthorized(environment, code.as_deref()),
        Error::Forbidden { at, .. } => forbidden(at),
        Error::PluginMissing { resource, .. } => plugin_missing(environment, resource),
        Error::MigrationUnavailable { .. } => migration_unavailable(environment),
        Error::NotNocoBase { .. } => after_doubt(error,
            &format!(
                "Check the address of `{environment}`: it must be that of the API and usually ends in `/api` \
                 (`/nb/api` when APP_PUBLIC_PATH is `/nb/`)."
            ),
        ),
        Error::Maintenance { code, command, .. } => {
            undone(error, &maintenance(environment, code, command.as_deref()))
        }
        Error::Refused { .. } => undone(error, &format!("The reason is in the words of `{environment}` above.")),
        Error::UploadTooSlow { .. } => format!(
            "Nothing was done: upload from a machine nearer to `{environment}`, or through a proxy that buffers \
             the request; NocoBase's server closes an upload after 300 seconds."
        ),
        Error::DownloadTooSlow { .. } => format!(
            "Check the network to `{environment}` and any proxy in between, or fetch from a machine nearer to it; what \
             came is thrown away."
        ),
        Error::PackageTooLarge { .. } => format!(
            "If packages of `{environment}` may be as large, raise `max-package-mb` in the policy; otherwise check what \
             answers there."
        ),
        Error::NoRoom { .. } => {
            "Free disk space where packages are kept, by `nocobase-release packages prune` for one, or keep the tool's \
             home on another disk."
                .to_owned()
        }
        Error::TooLarge { .. } => format!(
            "Nothing was done: raise the limit of the proxy before `{environment}` (nginx: \
             `client_max_body_size 0`)."
        ),
        Error::Gateway { .. } => after_doubt(error,
            &format!("Check the proxy before `{environment}` and its timeouts, and whether NocoBase is running."),
        ),
        Error::Redirected { to, .. } => {
            format!("If `{to}` is right, set the address of `{environment}` to match it.")
        }
        Error::Unexpected { .. } | Error::AnswerTooLarge { .. } => after_doubt(error,
            &format!(
                "Check what answers at the address of `{environment}`; with NocoBase itself, check that its \
                 version is supported."
            ),
        ),
        Error::UnusableName { .. } => {
            "A package's name is made of letters, digits, `.`, `_` and `-` and ends in `.nbdata`; list the packages \
             to see the names."
                .to_owned()
        }
        Error::SignInNeeded { .. } => {
            format!("Run `nb env auth {environment}` to sign in again, then try again.")
        }
        Error::Local { path, .. } => {
            format!("Check that `{}` exists, its permissions and the free space.", path.display())
        }
        Error::Setup { .. } => {
            "Check the environment's role and token for characters that cannot be sent, and the certificates of \
             this machine."
                .to_owned()
        }
        Error::InvalidAddress { .. } => {
            "Give the address of the API, such as https://nocobase.example.org/api, and the credentials apart \
             from it."
                .to_owned()
        }
    }
}

fn after_doubt(error: &Error, otherwise: &str) -> String {
    match error.call().filter(|_| error.may_have_happened()) {
        Some(call) => format!(
            "It may have taken effect all the same: look at `{}` before doing it again. {otherwise}",
            call.environment
        ),
        None => otherwise.to_owned(),
    }
}

fn undone(error: &Error, next: &str) -> String {
    if error.call().is_some_and(|call| call.changes) {
        format!("Nothing was done. {next}")
    } else {
        next.to_owned()
    }
}

/// By the codes of NocoBase 2.2.15.
fn unauthorized(environment: &str, code: Option<&str>) -> String {
    match code {
        Some("EMPTY_TOKEN") => {
            format!("Give credentials for `{environment}`: a token, an account or `nb env auth`.")
        }
        Some("ROLE_NOT_FOUND_FOR_USER") => format!(
            "The user has not the role that is asked for: correct the role of `{environment}`, or use a key of \
             that role."
        ),
        Some("USER_HAS_NO_ROLES_ERR") => format!("Give the user a role in `{environment}`."),
        Some("NOT_EXIST_USER") => format!(
            "The user of this token no longer exists in `{environment}`, as happens after a restore: sign in as a \
             user of the restored data."
        ),
        Some(_) => format!(
            "The session or key is no longer valid in `{environment}`: run `nb env auth {environment}` or set a \
             new token."
        ),
        None => format!("Check the account and password of `{environment}`."),
    }
}

/// Which snippet of a role a resource needs in NocoBase 2.2.15; a negative such as `!pm.*` beats it.
fn forbidden(at: &Call) -> String {
    let environment = &at.environment;
    let needed = match at.resource() {
        "backup" | "backups" => "the snippet `pm.backups`",
        "logger" => "the snippet `pm.logger.logger`",
        "applicationPlugins" | "pm" => "the snippet `pm`",
        "migration" | "migrationFiles" | "migrationRule" | "migrationRules" | "migrationLog"
        | "migrationLogs" => "the permission for Migration Manager's settings",
        resource => {
            return format!("Give the role that is used in `{environment}` permission for `{resource}`.");
        }
    };
    format!(
        "Give the role that is used in `{environment}` {needed}, without a negative such as `!pm.*` beside it, \
         or use a key of an administrator."
    )
}

fn plugin_missing(environment: &str, resource: &str) -> String {
    match resource {
        "backup" | "backups" => format!(
            "Enable the plugin Backup Manager (`@nocobase/plugin-backups`) in `{environment}`; it is part of \
             NocoBase since 2.0.56."
        ),
        "logger" => format!("Enable the plugin Logger (`@nocobase/plugin-logger`) in `{environment}`."),
        "environmentVariables" => format!(
            "Enable the plugin Variables and secrets (`@nocobase/plugin-environment-variables`) in \
             `{environment}`."
        ),
        _ => format!("Enable the plugin that provides `{resource}` in `{environment}`."),
    }
}

/// Editions by NocoBase's public documentation.
fn migration_unavailable(environment: &str) -> String {
    format!(
        "Migrations need the commercial plugin Migration Manager (`@nocobase/plugin-migration-manager`), licensed with \
         the Professional edition or above, and Backup Manager, both enabled in `{environment}`. A full backup restore \
         remains possible without it."
    )
}

/// By the codes of NocoBase 2.2.15.
fn maintenance(environment: &str, code: &str, command: Option<&str>) -> String {
    match code {
        "APP_ERROR" | "COMMAND_ERROR" => format!(
            "The application of `{environment}` is down and does not come back by itself: look at its log; \
             restarting it, or `yarn nocobase restore FILE` on its server, is the way back."
        ),
        "APP_PREPARING" => format!(
            "Wait until `{environment}` has started; if it never does, check that the sub-application in its \
             address exists."
        ),
        _ => format!(
            "Wait until `{environment}` has finished{}.",
            command.map(|command| format!(" `{command}`")).unwrap_or_default()
        ),
    }
}
