//! The token that requests carry: where it comes from and when it is replaced.
//!
//! An account's token lives in memory only. A token that the server renewed (`x-new-token`, sent by NocoBase
//! 2.2.15 when a session token has expired within its policy) replaces the one it was sent for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Client, lock};
use crate::environment::Credentials;
use crate::error::{Call, Error};
use crate::oauth;
use crate::secret::Secret;
use crate::transport::Request;

/// How long after a success a token is trusted to carry a mutation.
const PROVEN_FOR: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Session {
    token: Mutex<Option<Secret>>,
    proven: Mutex<Option<Instant>>,
    /// Whether the environment's own credentials were refused and its fallback is used since.
    fallen_back: AtomicBool,
    /// Held while signing in or refreshing, so that it is done once.
    renewing: tokio::sync::Mutex<()>,
}

impl Session {
    fn token(&self) -> Option<Secret> {
        lock(&self.token).clone()
    }

    /// Takes a token that the server sent in place of `used`.
    pub(crate) fn replace(&self, used: Option<&Secret>, new: Secret) {
        let mut token = lock(&self.token);
        if token.is_none() || token.as_ref() == used {
            *token = Some(new);
        }
    }

    /// Notes that the server took the token.
    pub(crate) fn prove(&self) {
        *lock(&self.proven) = Some(Instant::now());
    }

    /// Notes that the server did not take the token: the next mutation has it checked first.
    pub(crate) fn doubt(&self) {
        *lock(&self.proven) = None;
    }

    pub(crate) fn is_proven(&self) -> bool {
        lock(&self.proven).is_some_and(|proven| proven.elapsed() < PROVEN_FOR)
    }

    fn set(&self, token: Secret) {
        *lock(&self.token) = Some(token);
        *lock(&self.proven) = None;
    }
}

impl Client {
    /// The credentials in use: the environment's own, or its fallback once those were refused.
    fn credentials(&self) -> &Credentials {
        let environment = &self.shared.environment;
        match &environment.fallback {
            Some(fallback) if self.has_fallen_back() => fallback,
            _ => &environment.credentials,
        }
    }

    /// Whether the environment's own credentials were refused, and its fallback is used since.
    pub fn has_fallen_back(&self) -> bool {
        self.shared.session.fallen_back.load(Ordering::SeqCst)
    }

    /// Goes over to the fallback; false where there is none or it is in use already.
    fn fall_back(&self) -> bool {
        let session = &self.shared.session;
        if self.shared.environment.fallback.is_none() || session.fallen_back.swap(true, Ordering::SeqCst) {
            return false;
        }
        *lock(&session.token) = None;
        session.doubt();
        true
    }

    /// The token for the next request; signs in or refreshes first where that is needed.
    pub(crate) async fn token(&self, at: &Call) -> Result<Option<Secret>, Error> {
        match self.token_in_use(at).await {
            Err(error) if ends_credentials(&error) && self.fall_back() => self.token_in_use(at).await,
            token => token,
        }
    }

    async fn token_in_use(&self, at: &Call) -> Result<Option<Secret>, Error> {
        let session = &self.shared.session;
        match self.credentials() {
            Credentials::None => Ok(None),
            Credentials::Token(token) => Ok(Some(session.token().unwrap_or_else(|| token.clone()))),
            Credentials::Password { account, password } => {
                if let Some(token) = session.token() {
                    return Ok(Some(token));
                }
                let _renewing = session.renewing.lock().await;
                if let Some(token) = session.token() {
                    return Ok(Some(token));
                }
                self.sign_in_as(account, password).await.map(Some)
            }
            Credentials::OAuth(oauth) => {
                let _renewing = session.renewing.lock().await;
                oauth::access_token(self, oauth, at).await.map(Some)
            }
        }
    }

    /// After a 401: whether there is now another token to try once more with.
    pub(crate) async fn renew(&self, used: Option<&Secret>, refusal: &Error) -> Result<bool, Error> {
        let fallen_back = self.has_fallen_back();
        match self.renew_in_use(used, refusal).await {
            Ok(true) => Ok(true),
            Err(error) if !ends_credentials(&error) => Err(error),
            // Another request may have gone over to the fallback while this one was on its way.
            renewed => {
                if self.fall_back() || (!fallen_back && self.has_fallen_back()) {
                    Ok(true)
                } else {
                    renewed
                }
            }
        }
    }

    async fn renew_in_use(&self, used: Option<&Secret>, refusal: &Error) -> Result<bool, Error> {
        if let Error::Unauthorized { code: Some(code), .. } = refusal
            && matches!(code.as_str(), "ROLE_NOT_FOUND_FOR_USER" | "USER_HAS_NO_ROLES_ERR")
        {
            return Ok(false);
        }
        let session = &self.shared.session;
        match self.credentials() {
            Credentials::None => Ok(false),
            Credentials::Token(_) => Ok(session.token().is_some_and(|token| Some(&token) != used)),
            Credentials::Password { account, password } => {
                let _renewing = session.renewing.lock().await;
                if session.token().as_ref() == used {
                    self.sign_in_as(account, password).await?;
                }
                Ok(true)
            }
            Credentials::OAuth(oauth) => {
                let _renewing = session.renewing.lock().await;
                Ok(Some(&oauth::reread(oauth)) != used)
            }
        }
    }

    /// Signs in by the basic authenticator and keeps the token in memory.
    ///
    /// Boxed, for the calls below it may need a token themselves as far as the compiler can see.
    pub(crate) fn sign_in_as<'a>(
        &'a self,
        account: &'a str,
        password: &'a Secret,
    ) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(self.send_sign_in(account, password))
    }

    async fn send_sign_in(&self, account: &str, password: &Secret) -> Result<Secret, Error> {
        let field = if account.contains('@') { "email" } else { "account" };
        let request = Request::post("auth:signIn")
            .public()
            .body(json!({ field: account, "password": password.expose() }))
            .secret(password);
        let at = self.call("auth:signIn");
        // signing in twice does no harm: it is sent again like a read
        let answer = self.read(&request).await?;
        let data: Value = answer.data(&at)?;
        match data.get("token").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => {
                let token = Secret::new(token);
                self.shared.session.set(token.clone());
                Ok(token)
            }
            _ => Err(Error::Unexpected {
                at,
                status: answer.status,
                excerpt: "no token in the answer".into(),
            }),
        }
    }
}

/// Whether the credentials themselves were refused, not the request.
fn ends_credentials(error: &Error) -> bool {
    matches!(error, Error::Unauthorized { .. } | Error::SignInNeeded { .. })
}
