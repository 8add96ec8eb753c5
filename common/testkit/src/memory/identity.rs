//! Identities, tokens and the audit trail in memory.

use super::{MemoryStore, check, micros, page};
use async_trait::async_trait;
use attune_port::{
    AuditEntry, Identity, IdentityStore, NewIdentity, Page, PageRequest, StoreError, TokenRow,
};
use attune_types::{IdentityId, Role, TokenId};
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Identities {
    people: BTreeMap<IdentityId, Identity>,
    tokens: BTreeMap<TokenId, TokenRow>,
    audit: Vec<AuditEntry>,
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn create(&self, new: NewIdentity) -> Result<(), StoreError> {
        check::text(&new.login)?;
        let created_at = self.now();
        let mut state = self.lock();
        let people = &mut state.identities.people;
        if people.contains_key(&new.id) || people.values().any(|one| one.login == new.login) {
            return Err(StoreError::Conflict(format!(
                "the login `{}` is taken",
                new.login
            )));
        }
        people.insert(
            new.id,
            Identity {
                id: new.id,
                login: new.login,
                role: new.role,
                password_hash: new.password_hash,
                enabled: true,
                session_epoch: 0,
                created_at,
            },
        );
        Ok(())
    }

    async fn by_login(&self, login: &str) -> Result<Option<Identity>, StoreError> {
        let state = self.lock();
        let found = state
            .identities
            .people
            .values()
            .find(|one| one.login == login);
        Ok(found.cloned())
    }

    async fn by_id(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        Ok(self.lock().identities.people.get(&id).cloned())
    }

    async fn list(&self, request: &PageRequest) -> Result<Page<Identity>, StoreError> {
        let people = self.lock().identities.people.values().cloned().collect();
        page::page(people, request, false, |one: &Identity| one.login.clone())
    }

    async fn update(
        &self,
        id: IdentityId,
        password_hash: Option<String>,
        role: Option<Role>,
        enabled: Option<bool>,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let Some(one) = state.identities.people.get_mut(&id) else {
            return Err(StoreError::Conflict(format!("there is no identity {id}")));
        };
        one.password_hash = password_hash.or(one.password_hash.take());
        one.role = role.unwrap_or(one.role);
        one.enabled = enabled.unwrap_or(one.enabled);
        one.session_epoch += 1;
        Ok(())
    }

    async fn create_token(&self, token: TokenRow) -> Result<(), StoreError> {
        check::text(&token.name)?;
        let mut state = self.lock();
        let identities = &mut state.identities;
        let taken = identities
            .tokens
            .values()
            .any(|one| one.id == token.id || one.secret_hash == token.secret_hash);
        if taken || !identities.people.contains_key(&token.identity) {
            let why = "that token exists, or its identity does not".to_owned();
            return Err(StoreError::Conflict(why));
        }
        let token = TokenRow {
            created_at: micros(token.created_at),
            expires_at: token.expires_at.map(micros),
            revoked_at: token.revoked_at.map(micros),
            ..token
        };
        identities.tokens.insert(token.id, token);
        Ok(())
    }

    async fn token_by_hash(&self, hash: &str) -> Result<Option<(TokenRow, Identity)>, StoreError> {
        let state = self.lock();
        let identities = &state.identities;
        Ok(identities
            .tokens
            .values()
            .find(|token| token.secret_hash == hash)
            .and_then(|token| {
                let owner = identities.people.get(&token.identity)?;
                Some((token.clone(), owner.clone()))
            }))
    }

    async fn tokens(&self, identity: IdentityId) -> Result<Vec<TokenRow>, StoreError> {
        let state = self.lock();
        let mut tokens: Vec<TokenRow> = state
            .identities
            .tokens
            .values()
            .filter(|token| token.identity == identity)
            .cloned()
            .collect();
        tokens.sort_by_key(|token| (token.created_at, token.id));
        Ok(tokens)
    }

    async fn revoke_token(&self, identity: IdentityId, token: TokenId) -> Result<bool, StoreError> {
        let now = self.now();
        let mut state = self.lock();
        let found = state
            .identities
            .tokens
            .get_mut(&token)
            .filter(|token| token.identity == identity);
        Ok(found.is_some_and(|token| {
            token.revoked_at.get_or_insert(now);
            true
        }))
    }

    async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        check::value(&entry.details)?;
        let text = |text: String| text.replace('\0', "\u{FFFD}");
        self.lock().identities.audit.push(AuditEntry {
            at: micros(entry.at),
            actor: text(entry.actor),
            action: text(entry.action),
            subject: text(entry.subject),
            details: entry.details,
        });
        Ok(())
    }

    async fn audit_log(&self, request: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let entries: Vec<(u128, AuditEntry)> = (0..)
            .zip(self.lock().identities.audit.iter().cloned())
            .collect();
        let page = page::page(entries, request, true, |(number, entry)| {
            (entry.at.as_microsecond(), *number)
        })?;
        Ok(Page {
            items: page.items.into_iter().map(|(_, entry)| entry).collect(),
            next: page.next,
        })
    }
}
