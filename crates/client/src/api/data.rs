//! The application's data, as far as evidence needs it.

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// Names of the collections that users see.
    pub async fn collections(&self) -> Result<Vec<String>, Error> {
        todo!()
    }

    /// Number of rows of a collection.
    pub async fn count(&self, _collection: &str) -> Result<u64, Error> {
        todo!()
    }

    /// Makes a variable.
    pub async fn create_variable(&self, _name: &str, _value: &str) -> Result<(), Error> {
        todo!()
    }

    /// Whether there is a variable of that name.
    pub async fn has_variable(&self, _name: &str) -> Result<bool, Error> {
        todo!()
    }

    /// Removes a variable.
    pub async fn remove_variable(&self, _name: &str) -> Result<(), Error> {
        todo!()
    }
}
