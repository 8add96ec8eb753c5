//! Identities, tokens and the audit trail on PostgreSQL.
//!
//! Owns `identity`, `api_token` and `audit_event`. Sees hashes only, never a password or a secret.

use crate::columns::uint;
use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::{sql, time, time_or_none};
use async_trait::async_trait;
use attune_port::{
    AuditEntry, Identity, IdentityStore, NewIdentity, Page, PageRequest, StoreError, TokenRow,
};
use attune_types::{IdentityId, Role, TokenId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

fn role(row: &PgRow, column: &str) -> Result<Role, StoreError> {
    let text: String = row.try_get(column).store()?;
    json::parse("a role", &text)
}

fn identity(row: &PgRow) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: IdentityId(row.try_get("id").store()?),
        login: row.try_get("login").store()?,
        role: role(row, "role")?,
        password_hash: row.try_get("password_hash").store()?,
        enabled: row.try_get("enabled").store()?,
        session_epoch: uint(row.try_get("session_epoch").store()?),
        created_at: time(row, "created_at")?,
    })
}

fn token(row: &PgRow) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        id: TokenId(row.try_get("token_id").store()?),
        identity: IdentityId(row.try_get("identity").store()?),
        name: row.try_get("name").store()?,
        role: role(row, "token_role")?,
        secret_hash: row.try_get("secret_hash").store()?,
        created_at: time(row, "token_created_at")?,
        expires_at: time_or_none(row, "expires_at")?,
        revoked_at: time_or_none(row, "revoked_at")?,
    })
}

/// Makes a refused unique key a sentence for people.
fn taken(what: String) -> impl Fn(StoreError) -> StoreError {
    move |error| match error {
        StoreError::Conflict(_) => StoreError::Conflict(what.clone()),
        other => other,
    }
}

#[async_trait]
impl IdentityStore for PgStore {
    async fn create(&self, new: NewIdentity) -> Result<(), StoreError> {
        json::check_text(&new.login)?;
        sqlx::query(include_str!("create.sql"))
            .bind(new.id.uuid())
            .bind(&new.login)
            .bind(new.role.as_str())
            .bind(new.password_hash)
            .execute(&self.people)
            .await
            .store()
            .map_err(taken(format!("the login `{}` is taken", new.login)))?;
        Ok(())
    }

    async fn by_login(&self, login: &str) -> Result<Option<Identity>, StoreError> {
        if login.contains('\0') {
            return Ok(None);
        }
        sqlx::query(include_str!("by_login.sql"))
            .bind(login)
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| identity(&row))
            .transpose()
    }

    async fn by_id(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        sqlx::query(include_str!("by_id.sql"))
            .bind(id.uuid())
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| identity(&row))
            .transpose()
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Identity>, StoreError> {
        let rows = sqlx::query(include_str!("list.sql"))
            .bind(cursor::read::<String>(page)?)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows.iter().map(identity).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |identity| identity.login.clone()))
    }

    async fn update(
        &self,
        id: IdentityId,
        password_hash: Option<String>,
        role: Option<Role>,
        enabled: Option<bool>,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(include_str!("update.sql"))
            .bind(id.uuid())
            .bind(password_hash)
            .bind(role.map(Role::as_str))
            .bind(enabled)
            .execute(&self.people)
            .await
            .store()?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!("there is no identity {id}")));
        }
        Ok(())
    }

    async fn create_token(&self, token: TokenRow) -> Result<(), StoreError> {
        json::check_text(&token.name)?;
        sqlx::query(include_str!("create_token.sql"))
            .bind(token.id.uuid())
            .bind(token.identity.uuid())
            .bind(token.name)
            .bind(token.role.as_str())
            .bind(token.secret_hash)
            .bind(sql(token.created_at))
            .bind(token.expires_at.map(sql))
            .bind(token.revoked_at.map(sql))
            .execute(&self.people)
            .await
            .store()
            .map_err(taken(
                "that token exists, or its identity does not".to_owned(),
            ))?;
        Ok(())
    }

    async fn token_by_hash(&self, hash: &str) -> Result<Option<(TokenRow, Identity)>, StoreError> {
        sqlx::query(include_str!("token_by_hash.sql"))
            .bind(hash)
            .fetch_optional(&self.people)
            .await
            .store()?
            .map(|row| Ok((token(&row)?, identity(&row)?)))
            .transpose()
    }

    async fn tokens(&self, identity: IdentityId) -> Result<Vec<TokenRow>, StoreError> {
        let rows = sqlx::query(include_str!("tokens.sql"))
            .bind(identity.uuid())
            .fetch_all(&self.people)
            .await
            .store()?;
        rows.iter().map(token).collect()
    }

    async fn revoke_token(&self, identity: IdentityId, token: TokenId) -> Result<bool, StoreError> {
        let done = sqlx::query(include_str!("revoke_token.sql"))
            .bind(identity.uuid())
            .bind(token.uuid())
            .execute(&self.people)
            .await
            .store()?;
        Ok(done.rows_affected() > 0)
    }

    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        json::check(&entry.details)?;
        let text = |text: String| text.replace('\0', "\u{FFFD}");
        sqlx::query(include_str!("audit.sql"))
            .bind(sql(entry.at))
            .bind(text(entry.actor))
            .bind(text(entry.action))
            .bind(text(entry.subject))
            .bind(json::text(&entry.details))
            .execute(&self.people)
            .await
            .store()?;
        Ok(())
    }

    async fn audit_log(&self, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let after = cursor::read::<(i64, i64)>(page)?;
        let (at, number) = match after {
            Some((micros, number)) => (Some(sql(cursor::time(micros)?)), number),
            None => (None, 0),
        };
        let rows = sqlx::query(include_str!("audit_log.sql"))
            .bind(at)
            .bind(number)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows
            .iter()
            .map(|row| {
                let number: i64 = row.try_get("number").store()?;
                let entry = AuditEntry {
                    at: time(row, "at")?,
                    actor: row.try_get("actor").store()?,
                    action: row.try_get("action").store()?,
                    subject: row.try_get("subject").store()?,
                    details: row.try_get("details").store()?,
                };
                Ok((number, entry))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let page = cursor::page(items, page, |(number, entry)| {
            (entry.at.as_microsecond(), *number)
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, entry)| entry).collect(),
            next: page.next,
        })
    }
}
