//! The OAuth session that NocoBase CLI keeps for an environment, and its renewal.
//!
//! The store belongs to NocoBase CLI; its entry is read anew whenever it matters. NocoBase 2.2.15 gives a new
//! refresh token with each renewal and revokes everything when an old one is used again, so a renewal is done
//! only when it is due, by one process at a time, and written back at once. Signing in is left to `nb env auth`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::decode::Answer;
use crate::environment::ApiBase;
use crate::error::{Call, Error};
use crate::nb_cli;
use crate::secret::Secret;
use crate::transport::{failure, is_passing};

/// A token is renewed when it has less than this to live, as NocoBase CLI does it.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// How long each of its requests may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often each is sent at most.
const TRIES: u32 = 4;

/// A session that `nb env auth` signed in. Holds no token: those are read from the store when needed.
#[derive(Debug, Clone)]
pub struct OAuthSession {
    config: PathBuf,
    environment: String,
    api_base: ApiBase,
}

impl OAuthSession {
    /// The session of an environment in a store.
    pub(crate) fn of(config: &Path, environment: &str, api_base: &ApiBase) -> Self {
        Self {
            config: config.to_owned(),
            environment: environment.to_owned(),
            api_base: api_base.clone(),
        }
    }

    /// The whole store.
    fn load(&self) -> io::Result<Value> {
        let text = std::fs::read_to_string(&self.config)?;
        // the words of the parser may quote the file, so they are left out
        serde_json::from_str(&text).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not JSON"))
    }

    /// The tokens, if the store still holds this session for this address.
    fn stored(&self) -> Result<Tokens, String> {
        let store = self
            .load()
            .map_err(|error| format!("the store of NocoBase CLI cannot be read ({error})"))?;
        let entry = store.get("envs").and_then(|envs| envs.get(&self.environment));
        let entry = entry.ok_or("the environment is no longer in the store of NocoBase CLI")?;
        let address = nb_cli::address(entry).and_then(|address| ApiBase::parse(&address).ok());
        if address.as_ref() != Some(&self.api_base) {
            return Err("its address was changed in the store of NocoBase CLI".to_owned());
        }
        let auth = entry.get("auth").unwrap_or(&Value::Null);
        let text = |key: &str| {
            auth.get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        Ok(Tokens {
            access: Secret::new(
                text("accessToken").ok_or("the store of NocoBase CLI holds no token for it")?,
            ),
            refresh: text("refreshToken").map(Secret::new),
            expires_at: text("expiresAt").and_then(|at| at.parse().ok()),
            client_id: text("clientId").map(str::to_owned),
            resource: text("resource").map(str::to_owned),
        })
    }

    /// Writes the renewed session into the store, in one step, leaving everything else in it as it is.
    fn save(&self, renewed: &Map<String, Value>) -> io::Result<()> {
        let path = std::fs::canonicalize(&self.config)?;
        let mut store = self.load()?;
        let entry = store
            .get_mut("envs")
            .and_then(|envs| envs.get_mut(&self.environment));
        let entry = entry
            .and_then(Value::as_object_mut)
            .ok_or(io::ErrorKind::NotFound)?;
        entry.insert("authType".to_owned(), json!("oauth"));
        let auth = entry.entry("auth").or_insert_with(|| json!({}));
        let auth = auth.as_object_mut().ok_or(io::ErrorKind::InvalidData)?;
        for (key, value) in renewed {
            auth.insert(key.clone(), value.clone());
        }
        let permissions = std::fs::metadata(&path)?.permissions();
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        serde_json::to_writer_pretty(&mut file, &store)?;
        file.flush()?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    }

    /// Keeps other processes of this program from renewing at the same time, and shows that the folder can be
    /// written to: a renewed session that cannot be kept is a lost one.
    fn lock(&self) -> io::Result<File> {
        let path = self.config.with_file_name(".config.json.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        file.lock()?;
        let folder = self.config.parent().unwrap_or(Path::new("."));
        drop(tempfile::NamedTempFile::new_in(folder)?);
        Ok(file)
    }
}

struct Tokens {
    access: Secret,
    refresh: Option<Secret>,
    expires_at: Option<Timestamp>,
    client_id: Option<String>,
    resource: Option<String>,
}

impl Tokens {
    /// Whether the token has enough time left; one without a date is taken as good, as NocoBase CLI does.
    fn is_fresh(&self) -> bool {
        self.expires_at
            .is_none_or(|expires_at| expires_at.duration_since(Timestamp::now()) > WINDOW)
    }
}

/// The access token that the store holds now; empty if there is none.
pub(crate) fn reread(session: &OAuthSession) -> Secret {
    session
        .stored()
        .map_or_else(|_| Secret::new(""), |tokens| tokens.access)
}

/// A token with enough time left, renewed if need be.
pub(crate) async fn access_token(
    client: &Client,
    session: &OAuthSession,
    at: &Call,
) -> Result<Secret, Error> {
    let needed = |reason: String| Error::SignInNeeded {
        at: at.clone(),
        reason,
    };
    let tokens = session.stored().map_err(needed)?;
    if tokens.is_fresh() {
        return Ok(tokens.access);
    }
    let locking = session.clone();
    let lock = tokio::task::spawn_blocking(move || locking.lock())
        .await
        .map_err(io::Error::other);
    let _lock = lock.flatten().map_err(|error| {
        needed(format!(
            "the folder of NocoBase CLI's store cannot be written to ({error})"
        ))
    })?;
    // another process may have renewed it while this one waited
    let tokens = session.stored().map_err(needed)?;
    if tokens.is_fresh() {
        return Ok(tokens.access);
    }
    renew(client, session, tokens, at).await
}

async fn renew(client: &Client, session: &OAuthSession, tokens: Tokens, at: &Call) -> Result<Secret, Error> {
    let needed = |reason: String| Error::SignInNeeded {
        at: at.clone(),
        reason,
    };
    let (Some(refresh), Some(client_id)) = (&tokens.refresh, &tokens.client_id) else {
        return Err(needed(
            "it has expired and came without a refresh token".to_owned(),
        ));
    };
    let base = client.effective_base();
    let discovery = client.call(".well-known/oauth-authorization-server");
    let http = &client.shared.reading;
    let secrets = || vec![refresh.clone(), tokens.access.clone()];

    let url = base.below([".well-known", "oauth-authorization-server"]);
    let answer = patient(client, &discovery, secrets, || http.get(url.clone())).await?;
    let metadata = answer.json(&discovery)?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let issuer = text("issuer").unwrap_or(base.as_str()).to_owned();
    let endpoint = text("token_endpoint").and_then(|url| endpoint(&base, url));
    let endpoint = endpoint.ok_or_else(|| answer.unexpected(&discovery, "no usable `token_endpoint`"))?;
    let resource = tokens
        .resource
        .clone()
        .unwrap_or_else(|| format!("{}/", issuer.trim_end_matches('/')));

    let call = client.call("idpOAuth/token");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", refresh.expose()),
        ("resource", &resource),
    ];
    let request = || {
        http.post(endpoint.clone())
            .header("Accept", "application/json")
            .form(&form)
    };
    let answer = patient(client, &call, secrets, request).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.succeeded() {
        return Err(match body.get("error").and_then(Value::as_str) {
            Some(error) => {
                let more = body
                    .get("error_description")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                needed(answer.show(&format!("{error} {more}")))
            }
            None => answer.refusal(&call),
        });
    }
    let Some(access) = body
        .get("access_token")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty())
    else {
        return Err(needed("the answer to the renewal holds no token".to_owned()));
    };

    let mut renewed = Map::new();
    renewed.insert("type".to_owned(), json!("oauth"));
    renewed.insert("accessToken".to_owned(), json!(access));
    let lifetime = body
        .get("expires_in")
        .and_then(Value::as_i64)
        .filter(|seconds| *seconds > 0);
    let expires_at = lifetime.and_then(|seconds| {
        Timestamp::now()
            .checked_add(SignedDuration::from_secs(seconds))
            .ok()
    });
    renewed.insert(
        "expiresAt".to_owned(),
        expires_at.map_or(Value::Null, |at| json!(format!("{at:.3}"))),
    );
    for (ours, theirs) in [("refreshToken", "refresh_token"), ("scope", "scope")] {
        if let Some(value) = body.get(theirs).filter(|value| value.is_string()) {
            renewed.insert(ours.to_owned(), value.clone());
        }
    }
    renewed.insert("issuer".to_owned(), json!(issuer));
    renewed.insert("clientId".to_owned(), json!(client_id));
    renewed.insert("resource".to_owned(), json!(resource));
    session.save(&renewed).map_err(|source| Error::Local {
        at: at.clone(),
        action: "keep the renewed sign-in in",
        path: session.config.clone(),
        source,
    })?;
    Ok(Secret::new(access))
}

/// Sends up to four times, as NocoBase CLI does: while the network fails, or the server says that it cannot
/// answer now. After a lost answer nothing is lost by asking again: only that answer held the new token.
async fn patient(
    client: &Client,
    at: &Call,
    secrets: impl Fn() -> Vec<Secret>,
    request: impl Fn() -> reqwest::RequestBuilder,
) -> Result<Answer, Error> {
    let mut pause = client.options().retry_pause;
    for _ in 1..TRIES {
        let outcome = attempt(client, at, secrets(), request()).await;
        let again = match &outcome {
            Ok(answer) => matches!(answer.status, 408 | 425 | 429 | 500..),
            Err(error) => is_passing(error),
        };
        if !again {
            return outcome;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    attempt(client, at, secrets(), request()).await
}

async fn attempt(
    client: &Client,
    at: &Call,
    secrets: Vec<Secret>,
    request: reqwest::RequestBuilder,
) -> Result<Answer, Error> {
    match tokio::time::timeout(TIMEOUT, request.send()).await {
        Err(_) => Err(Error::TimedOut { at: at.clone() }),
        Ok(Err(error)) => Err(failure(at, error)),
        Ok(Ok(response)) => client.take(at, response, secrets).await,
    }
}

/// The token endpoint: on the API's own host, and never in the clear where the API is not. A proxy that ends TLS makes
/// NocoBase think that it is reached by http.
fn endpoint(base: &ApiBase, url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    if url.host_str() != base.url().host_str() {
        return None;
    }
    if !base.is_plain() && url.scheme() == "http" {
        url.set_scheme("https").ok()?;
        url.set_port(base.url().port()).ok()?;
    }
    matches!(url.scheme(), "http" | "https").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresh_token_is_not_sent_in_the_clear() {
        let base = ApiBase::parse("https://dev.example/api").unwrap();
        let to = |url: &str| endpoint(&base, url).map(String::from);
        assert_eq!(
            to("https://dev.example/api/t").as_deref(),
            Some("https://dev.example/api/t")
        );
        assert_eq!(
            to("http://dev.example:13000/api/t").as_deref(),
            Some("https://dev.example/api/t")
        );
        assert_eq!(to("http://elsewhere.example/api/t"), None);
        assert_eq!(to("https://elsewhere.example/api/t"), None);
        assert_eq!(to("ftp://dev.example/api/t"), None);
        assert_eq!(to("nonsense"), None);
    }
}
