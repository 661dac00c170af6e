//! What answers say in both forms: that of self-hosted servers, and that of the hosted service's documentation.

use crate::{CueUsage, EventPage, Execution, Heartbeat, RequestUsage, StoredKey};

impl Execution {
    /// Whether success was reported; `None` before a report.
    ///
    /// ```
    /// use cueapi_types::Execution;
    ///
    /// let execution: Execution = serde_json::from_str(r#"{"id":"098ad45c","outcome_success":false}"#)?;
    /// assert_eq!(execution.reported_success(), Some(false));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn reported_success(&self) -> Option<bool> {
        let outcome = self.outcome.as_ref();
        outcome.and_then(|outcome| outcome.success).or(self.outcome_success)
    }
}

impl Heartbeat {
    /// Whether the lease goes on: a server that answers with success has noted the heartbeat, unless it says that it has
    /// not.
    ///
    /// ```
    /// use cueapi_types::Heartbeat;
    ///
    /// assert!(Heartbeat::default().is_acknowledged());
    /// ```
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged != Some(false)
    }
}

impl EventPage {
    /// The cursor to go on with; `None` where there is nothing more for now: the page is not full, or its cursor is not
    /// beyond the one that it was asked with. A loop over it ends whatever the server says.
    ///
    /// ```
    /// use cueapi_types::EventPage;
    ///
    /// let full: EventPage = serde_json::from_str(r#"{"events":[{"id":16}],"next_cursor":16,"has_more":true}"#)?;
    /// assert_eq!(full.more_after(0), Some(16));
    /// assert_eq!(full.more_after(16), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn more_after(&self, since: u64) -> Option<u64> {
        let next = self.next_cursor.known().filter(|next| *next > since);
        next.filter(|_| self.has_more)
    }
}

impl StoredKey {
    /// The key's first characters, by either name.
    ///
    /// ```
    /// use cueapi_types::StoredKey;
    ///
    /// let key: StoredKey = serde_json::from_str(r#"{"api_key":null,"key_prefix":"cue_sk_f41de"}"#)?;
    /// assert_eq!(key.first_characters(), Some("cue_sk_f41de"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn first_characters(&self) -> Option<&str> {
        self.prefix.as_deref().or(self.key_prefix.as_deref())
    }
}

impl CueUsage {
    /// How many cues count against the limit, by either name.
    ///
    /// ```
    /// use cueapi_types::CueUsage;
    ///
    /// let usage: CueUsage = serde_json::from_str(r#"{"active":3,"limit":10}"#)?;
    /// assert_eq!(usage.counted(), Some(3));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn counted(&self) -> Option<u64> {
        self.used.known().or(self.active.known())
    }
}

impl RequestUsage {
    /// How many requests a minute the plan allows, by either name.
    ///
    /// ```
    /// use cueapi_types::RequestUsage;
    ///
    /// let usage: RequestUsage = serde_json::from_str(r#"{"limit":60}"#)?;
    /// assert_eq!(usage.allowed(), Some(60));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn allowed(&self) -> Option<u64> {
        self.requests_per_minute.known().or(self.limit.known())
    }
}
