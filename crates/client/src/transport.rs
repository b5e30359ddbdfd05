//! Sending: headers, limits, redirects, and the one place where reads are tried again.
//!
//! A read is tried again when the network or a proxy failed, a bounded number of times; a mutation is sent
//! once and never again. What an answer means is for [`crate::decode`].

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::client::Client;
use crate::decode::Answer;
use crate::error::{Call, Error};
use crate::redirect::redirected;
use crate::secret::Secret;

/// The most that is read of an answer that is not a file.
const ANSWER_LIMIT: u64 = 16 * 1024 * 1024;

/// A call to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    pub(crate) name: String,
    query: Vec<(&'static str, String)>,
    body: Option<Secret>,
    public: bool,
    secrets: Vec<Secret>,
}

impl Request {
    /// A call by NocoBase's name for it, such as `backup:list`.
    pub(crate) fn new(method: Method, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            method,
            name,
            query: Vec::new(),
            body: None,
            public: false,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn get(name: impl Into<String>) -> Self {
        Self::new(Method::GET, name)
    }

    pub(crate) fn post(name: impl Into<String>) -> Self {
        Self::new(Method::POST, name)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(Secret::new(body.to_string()));
        self
    }

    /// Needs no credentials, so none are sent.
    pub(crate) fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Something in it that must not be shown should the server repeat it.
    pub(crate) fn secret(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }
}

impl Client {
    /// Sends a read and takes its whole answer, a success; tried again where that may help.
    pub(crate) async fn read(&self, request: &Request) -> Result<Answer, Error> {
        self.retrying(&request.name, || self.read_once(request)).await
    }

    /// Sends a read once. For polling, where the caller's own rhythm counts.
    pub(crate) async fn read_once(&self, request: &Request) -> Result<Answer, Error> {
        let (response, secrets) = self.open(request).await?;
        let at = self.call(&request.name);
        let answer = self.take(&at, response, secrets).await?;
        if answer.succeeded() {
            Ok(answer)
        } else {
            Err(answer.refusal(&at))
        }
    }

    /// Sends a read and hands out its answer before the body, whatever the status; only a 401 is answered here,
    /// by renewing the session and asking once more.
    pub(crate) async fn open(&self, request: &Request) -> Result<(Response, Vec<Secret>), Error> {
        let at = self.call(&request.name);
        let (mut followed, mut renewed) = (false, false);
        loop {
            let token = self.token_for(request, &at).await?;
            let builder = self.prepare(&self.shared.reading, request, token.as_ref());
            let sent = tokio::time::timeout(self.options().read_timeout, builder.send()).await;
            let response = match sent {
                Ok(response) => response.map_err(|error| failure(&at, error))?,
                Err(_) => return Err(Error::TimedOut { at }),
            };
            if response.status().is_redirection() {
                if followed {
                    return Err(redirected(&at, &response));
                }
                self.follow(&at, &response)?;
                followed = true;
                continue;
            }
            self.keep_token(&response, token.as_ref());
            let secrets = secrets(request, token.as_ref());
            if response.status().as_u16() == 401 && !renewed && !request.public {
                renewed = true;
                let refusal = self.take(&at, response, secrets).await?.refusal(&at);
                if self.renew(token.as_ref(), &refusal).await? {
                    continue;
                }
                return Err(refusal);
            }
            if response.status().is_success() && !request.public {
                self.shared.session.prove();
            }
            return Ok((response, secrets));
        }
    }

    /// Sends a mutation, once. The session is proven by a read first, so that an expired one is renewed
    /// before and not after.
    pub(crate) async fn change(&self, request: &Request) -> Result<Answer, Error> {
        self.change_within(request, self.options().read_timeout).await
    }

    /// The same for a mutation whose answer comes when its work is done.
    pub(crate) async fn change_within(&self, request: &Request, patience: Duration) -> Result<Answer, Error> {
        self.prove_session().await?;
        let token = self.token_for(request, &self.call(&request.name)).await?;
        let at = self.mutation(&request.name);
        let builder = self.prepare(&self.shared.changing, request, token.as_ref());
        let sent = tokio::time::timeout(patience, builder.send()).await;
        let response = match sent {
            Ok(response) => response.map_err(|error| failure(&at, error))?,
            Err(_) => return Err(Error::TimedOut { at }),
        };
        self.conclude(&at, response, token.as_ref(), request).await
    }

    /// Reads the answer to a mutation.
    pub(crate) async fn conclude(
        &self,
        at: &Call,
        response: Response,
        token: Option<&Secret>,
        request: &Request,
    ) -> Result<Answer, Error> {
        if response.status().is_redirection() {
            return Err(redirected(at, &response));
        }
        self.keep_token(&response, token);
        let answer = self.take(at, response, secrets(request, token)).await?;
        if answer.status == 401 {
            self.shared.session.doubt();
        }
        if answer.succeeded() {
            Ok(answer)
        } else {
            Err(answer.refusal(at))
        }
    }

    /// Makes sure by a read that the session is good, unless a call has just shown it.
    pub(crate) async fn prove_session(&self) -> Result<(), Error> {
        if !self.shared.session.is_proven() {
            self.read(&Request::get("auth:check")).await?;
        }
        Ok(())
    }

    /// The token that a request carries, after the server had the chance to ask for https.
    pub(crate) async fn token_for(&self, request: &Request, at: &Call) -> Result<Option<Secret>, Error> {
        if request.public && request.secrets.is_empty() {
            return Ok(None);
        }
        if !self.shared.settled.load(Ordering::Acquire) {
            let health = Request::get("__health_check").public();
            let builder = self.prepare(&self.shared.reading, &health, None);
            if let Ok(Ok(response)) = tokio::time::timeout(self.options().read_timeout, builder.send()).await
            {
                if response.status().is_redirection() {
                    self.follow(&self.call(&health.name), &response)?;
                }
                self.shared.settled.store(true, Ordering::Release);
            }
        }
        if request.public {
            Ok(None)
        } else {
            self.token(at).await
        }
    }

    /// A request with everything that each one carries.
    pub(crate) fn prepare(
        &self,
        http: &reqwest::Client,
        request: &Request,
        token: Option<&Secret>,
    ) -> RequestBuilder {
        let url = self.effective_base().call(&request.name);
        let mut builder = http
            .request(request.method.clone(), url)
            .header("X-Locale", "en-US");
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        if let Some(body) = &request.body {
            builder = builder
                .header("Content-Type", "application/json")
                .body(body.expose().to_owned());
        }
        if let Some(token) = token {
            builder = builder.bearer_auth(token.expose());
        }
        match &self.shared.environment.role {
            // The fallback is another user, whose roles are its own.
            Some(role) if !request.public && !self.has_fallen_back() => builder.header("X-Role", role),
            _ => builder,
        }
    }

    fn keep_token(&self, response: &Response, used: Option<&Secret>) {
        let new = response
            .headers()
            .get("x-new-token")
            .and_then(|value| value.to_str().ok());
        if let (Some(new), Some(_)) = (new.filter(|new| !new.is_empty()), used) {
            self.shared.session.replace(used, Secret::new(new));
        }
    }

    /// Takes a whole answer, bounded in size and time.
    pub(crate) async fn take(
        &self,
        at: &Call,
        mut response: Response,
        secrets: Vec<Secret>,
    ) -> Result<Answer, Error> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        loop {
            match tokio::time::timeout(self.options().read_timeout, response.chunk()).await {
                Err(_) => return Err(Error::TimedOut { at: at.clone() }),
                Ok(Err(error)) => return Err(failure(at, error)),
                Ok(Ok(None)) => return Ok(Answer::new(status, &headers, body, secrets)),
                Ok(Ok(Some(chunk))) => {
                    if body.len() as u64 + chunk.len() as u64 > ANSWER_LIMIT {
                        return Err(Error::AnswerTooLarge {
                            at: at.clone(),
                            limit: ANSWER_LIMIT,
                        });
                    }
                    body.extend_from_slice(&chunk);
                }
            }
        }
    }

    /// Tries a read again while its failures are those of the network. The only such place.
    pub(crate) async fn retrying<T, F>(&self, name: &str, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = self.options().retry_pause;
        for left in (0..self.options().read_retries).rev() {
            match attempt().await {
                // what fails on the way to this call, such as signing in, has had its own tries
                Err(error) if is_passing(&error) && error.call().is_some_and(|call| *call.name == *name) => {
                    tracing::debug!(
                        call = name,
                        cause = error.code(),
                        left,
                        "read failed, trying again"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                outcome => return outcome,
            }
        }
        attempt().await
    }
}

/// Whether a failure may pass by itself, so that a read is worth another try.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::TimedOut { .. } | Error::ConnectionLost { .. } => true,
        Error::Gateway { status, .. } => *status != 429,
        _ => false,
    }
}

/// What the request held that must not be shown.
fn secrets(request: &Request, token: Option<&Secret>) -> Vec<Secret> {
    request.secrets.iter().chain(token).cloned().collect()
}

/// Whether TLS is behind an error; an `io::Error` hides what it holds from `source`.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let held = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || held.is_some_and(|held| is_tls(held)) || error.source().is_some_and(is_tls)
}

/// A failure of the network, named.
pub(crate) fn failure(at: &Call, error: reqwest::Error) -> Error {
    let at = at.clone();
    let error = error.without_url();
    if error.is_connect() {
        return if is_tls(&error) {
            Error::Tls {
                at,
                source: Box::new(error),
            }
        } else {
            Error::Unreachable {
                at,
                source: Box::new(error),
            }
        };
    }
    if error.is_builder() {
        return Error::Setup {
            environment: at.environment.to_string(),
            source: Box::new(error),
        };
    }
    if error.is_timeout() {
        Error::TimedOut { at }
    } else {
        Error::ConnectionLost {
            at,
            source: Box::new(error),
        }
    }
}
