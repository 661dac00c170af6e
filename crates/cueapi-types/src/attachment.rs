//! What a daemon tells a server about its sessions.

use serde::Serialize;

use crate::{SessionToken, Timestamp};

/// A live session that a daemon has, as it tells a server when the two compare what they know.
///
/// ```
/// use cueapi_types::{AttachedSession, Timestamp};
///
/// let since = Timestamp::parse("2026-11-23T21:00:00Z")?;
/// let session = AttachedSession::new("main", "review", "01ARZ3NDEKTSV4RRFFQ69G5FAV", since);
/// assert_eq!(serde_json::to_value(&session).unwrap()["label"], "main");
/// # Ok::<(), cueapi_types::TimestampError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachedSession {
    label: String,
    task_name: String,
    ipc_session_token: SessionToken,
    attached_at: Timestamp,
}

impl AttachedSession {
    /// The session of this label, with the task that it handles, its token, and when it was attached.
    ///
    /// ```
    /// # use cueapi_types::{AttachedSession, Timestamp};
    /// let session = AttachedSession::new("main", "review", "01ARZ3NDEKTSV4RRFFQ69G5FAV", Timestamp::from_second(0)?);
    /// # Ok::<(), cueapi_types::TimestampError>(())
    /// ```
    #[must_use]
    pub fn new(
        label: impl Into<String>,
        task_name: impl Into<String>,
        token: impl Into<SessionToken>,
        attached_at: Timestamp,
    ) -> Self {
        Self {
            label: label.into(),
            task_name: task_name.into(),
            ipc_session_token: token.into(),
            attached_at,
        }
    }
}
