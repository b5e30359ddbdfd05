//! Who we are.
//!
//! How a token is kept and renewed is for [`crate::session`].

use serde::Deserialize;

use crate::client::Client;
use crate::environment::Credentials;
use crate::error::Error;
use crate::transport::Request;

/// The user behind the credentials, by `auth:check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id.
    pub id: u64,
    /// User name.
    pub username: Option<String>,
    /// Display name.
    pub nickname: Option<String>,
    /// Email address.
    pub email: Option<String>,
    /// Names of the user's roles.
    pub roles: Vec<String>,
}

impl Client {
    /// Signs in with the account and password (`auth:signIn`); does nothing for other credentials.
    ///
    /// Calls do this by themselves when they need to.
    pub async fn sign_in(&self) -> Result<(), Error> {
        if let Credentials::Password { account, password } = &self.shared.environment.credentials {
            self.sign_in_as(account, password).await?;
        }
        Ok(())
    }

    /// The user behind the credentials (`auth:check`).
    pub async fn identity(&self) -> Result<Identity, Error> {
        #[derive(Deserialize)]
        struct Role {
            name: String,
        }
        #[derive(Deserialize)]
        struct Data {
            id: u64,
            username: Option<String>,
            nickname: Option<String>,
            email: Option<String>,
            #[serde(default)]
            roles: Vec<Role>,
        }
        let request = Request::get("auth:check");
        let data: Data = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(Identity {
            id: data.id,
            username: data.username,
            nickname: data.nickname,
            email: data.email,
            roles: data.roles.into_iter().map(|role| role.name).collect(),
        })
    }
}
