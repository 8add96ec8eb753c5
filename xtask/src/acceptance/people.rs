//! The people of the cases: made on the server when first needed, and logged in.
//!
//! Owns who is who. A person is the same in all cases of one run of the command. Called while a case is played.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::acceptance::case::Person;
use crate::client::Client;

/// The role of somebody of whom a case says nothing: may look, and answer what is asked of them by name.
const ROLE_OF_OTHERS: &str = "viewer";

/// Everybody met so far.
#[derive(Debug)]
pub(crate) struct People {
    admin: Client,
    known: Mutex<BTreeMap<String, (String, Client)>>,
}

impl People {
    /// Nobody yet; `admin` makes those who come.
    pub(crate) fn new(admin: Client) -> Self {
        Self {
            admin,
            known: Mutex::new(BTreeMap::new()),
        }
    }

    /// The connection of one person.
    ///
    /// # Errors
    /// When the server refuses to make them, or two cases give one name two roles.
    pub(crate) async fn client(&self, person: &Person) -> Result<Client> {
        let role = person.role.as_deref().unwrap_or(ROLE_OF_OTHERS);
        let mut known = self.known.lock().await;
        if let Some((was, client)) = known.get(&person.login) {
            ensure!(
                was == role,
                "{} is `{was}` in one case and `{role}` in another; give one of them another name",
                person.login
            );
            return Ok(client.clone());
        }
        let password = Uuid::new_v4().to_string();
        let identity = json!({"login": person.login, "password": password, "role": role});
        self.admin.post("/identities", &identity).await?.ok()?;
        let client = self.admin.log_in(&person.login, &password).await?;
        known.insert(person.login.clone(), (role.to_owned(), client.clone()));
        Ok(client)
    }
}
