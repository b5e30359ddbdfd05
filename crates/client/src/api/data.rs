//! The application's data, as far as evidence needs it.
//!
//! Answers are as recorded from NocoBase 2.2.15. What a count or a variable proves is for the engine to say.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Client {
    /// Names of the collections that users see (`collections:list`); system tables are not among them.
    pub async fn collections(&self) -> Result<Vec<String>, Error> {
        self.names("collections:list").await
    }

    /// Number of rows of a collection (`<collection>:list`).
    pub async fn count(&self, collection: &str) -> Result<u64, Error> {
        let request = Request::get(format!("{collection}:list"))
            .query("pageSize", "1")
            .query("page", "1");
        let at = self.call(&request.name);
        let answer = self.read(&request).await?;
        let count = answer
            .json(&at)?
            .pointer("/meta/count")
            .and_then(serde_json::Value::as_u64);
        // a collection set to simple pagination has no count
        count.ok_or_else(|| answer.unexpected(&at, "no `meta.count` in the answer"))
    }

    /// Some fields of every row of a collection (`<collection>:list`); no other field is sent by the server.
    pub async fn list_fields(
        &self,
        collection: &str,
        fields: &[&str],
    ) -> Result<Vec<serde_json::Value>, Error> {
        let mut request = Request::get(format!("{collection}:list")).query("paginate", "false");
        for field in fields {
            request = request.query("fields[]", *field);
        }
        self.read(&request).await?.data(&self.call(&request.name))
    }

    /// Makes a variable (`environmentVariables:create`), of the kind that is not secret.
    pub async fn create_variable(&self, name: &str, value: &str) -> Result<(), Error> {
        let request = Request::post("environmentVariables:create")
            .body(serde_json::json!({ "name": name, "type": "default", "value": value }));
        let at = self.mutation(&request.name);
        self.change(&request).await?.json(&at).map(drop)
    }

    /// Whether there is a variable of that name.
    pub async fn has_variable(&self, name: &str) -> Result<bool, Error> {
        Ok(self
            .names("environmentVariables:list")
            .await?
            .iter()
            .any(|variable| variable == name))
    }

    /// Removes a variable.
    pub async fn remove_variable(&self, name: &str) -> Result<(), Error> {
        let request = Request::post("environmentVariables:destroy").query("filterByTk", name);
        let at = self.mutation(&request.name);
        self.change(&request).await?.json(&at).map(drop)
    }

    async fn names(&self, call: &str) -> Result<Vec<String>, Error> {
        let request = Request::get(call).query("paginate", "false");
        let rows: Vec<Named> = self.read(&request).await?.data(&self.call(call))?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }
}
