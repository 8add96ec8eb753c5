//! Who may do what: the one mechanism that every route goes through.
//!
//! Owns [`Access`], which each endpoint states when it is listed, and the gate in front of every
//! handler. No handler checks a role itself. A request without a good token gets 401, one whose role
//! is too low 403, before anything else of it is looked at.

use crate::app::App;
use crate::auth::authenticate;
use crate::code;
use crate::refusal::Refusal;
use attune_types::{IdentityId, Role, TokenId};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What an endpoint asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A valid token of any role.
    Viewer,
    /// Operator or more.
    Operator,
    /// Admin.
    Admin,
}

impl Access {
    /// The lowest role that gets in; none: everybody does.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Public => None,
            Self::Viewer => Some(Role::Viewer),
            Self::Operator => Some(Role::Operator),
            Self::Admin => Some(Role::Admin),
        }
    }
}

/// Who is asking. Put there by the gate, so only handlers of endpoints that are not public may ask
/// for it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: IdentityId,
    pub(crate) login: String,
    /// What this request may do: the lower of the identity's role and the token's.
    pub(crate) role: Role,
    /// The API token, if it was one.
    pub(crate) token: Option<TokenId>,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(
                path = parts.uri.path(),
                "a public endpoint asks for its caller"
            );
            Refusal::new(&code::INTERNAL, "the endpoint is set up wrongly")
        })
    }
}

/// In front of every handler.
pub(crate) async fn gate(
    State((app, access)): State<(App, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(needed) = access.role() else {
        return next.run(request).await;
    };
    match authenticate(&app, request.headers()).await {
        Ok(caller) if caller.role >= needed => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(caller) => Refusal::new(
            &code::FORBIDDEN,
            format!("this needs the role {needed}; you have {}", caller.role),
        )
        .into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
