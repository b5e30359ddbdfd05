//! Collections with their fields: what "the structure" of an application is, as far as its API shows it.
//!
//! Answers are as recorded from NocoBase 2.2.15. Comparing two structures is for the engine.

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::transport::Request;

/// A collection and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionShape {
    /// Its name.
    pub name: String,
    /// Whether a plugin brought it; people made the others.
    pub system: bool,
    /// The names of its fields.
    pub fields: Vec<String>,
}

impl Client {
    /// The collections that users see, each with its fields (`collections:list` with `appends[]=fields`).
    pub async fn structure(&self) -> Result<Vec<CollectionShape>, Error> {
        #[derive(Deserialize)]
        struct Field {
            name: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Collection {
            name: String,
            origin: Option<String>,
            data_category: Option<String>,
            #[serde(default)]
            fields: Vec<Field>,
        }
        let request = Request::get("collections:list")
            .query("paginate", "false")
            .query("appends[]", "fields");
        let listed: Vec<Collection> = self.read(&request).await?.data(&self.call(&request.name))?;
        Ok(listed
            .into_iter()
            .map(|collection| CollectionShape {
                system: collection.origin.is_some() || collection.data_category.is_some(),
                fields: collection.fields.into_iter().map(|field| field.name).collect(),
                name: collection.name,
            })
            .collect())
    }
}
