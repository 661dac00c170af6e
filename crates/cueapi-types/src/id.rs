//! Identifiers, one type for each kind, so that a cue's id cannot be given where an execution's is asked for.

/// Defines a newtype over an identifier's text.
macro_rules! id {
    ($( $(#[$meta:meta])* $name:ident )+) => { $(
        $(#[$meta])*
        ///
        /// The text is opaque: hosted and self-hosted servers spell their ids differently, so nothing is checked here,
        /// and an id is escaped wherever it becomes part of a URL.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as it stands on the wire.
            ///
            #[doc = concat!(
                "```\nlet id = cueapi_types::", stringify!($name), "::from(\"some-id\");\n",
                "assert_eq!(id.as_str(), \"some-id\");\n```"
            )]
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.as_str().into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<Box<str>> for $name {
            fn from(id: Box<str>) -> Self {
                Self(id)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(id: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(id))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    )+ };
}

id! {
    /// Identifies a cue; self-hosted servers write `cue_` and 12 of `[a-z0-9]`.
    ///
    /// ```
    /// use cueapi_types::CueId;
    ///
    /// let id = CueId::from("cue_276dsykz592b");
    /// assert_eq!(id, "cue_276dsykz592b");
    /// assert_eq!(id.to_string(), id.as_str());
    /// ```
    CueId

    /// Identifies an execution; self-hosted servers write a UUID, and answer 500 to anything else.
    ///
    /// ```
    /// use cueapi_types::ExecutionId;
    ///
    /// let id: ExecutionId = "098ad45c-dff2-40e7-a6d9-15b6e51da482".into();
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    ExecutionId

    /// Names a worker: any text of 1 to 255 characters that its operator chose.
    ///
    /// ```
    /// use cueapi_types::WorkerId;
    ///
    /// let id = WorkerId::from("reports@host-1");
    /// assert_eq!(id, "reports@host-1");
    /// ```
    WorkerId

    /// Identifies an agent; self-hosted servers write `agt_` and 12 of `[a-z0-9]`.
    ///
    /// ```
    /// use cueapi_types::AgentId;
    ///
    /// let id = AgentId::from("agt_y8ffcg0h3tt8");
    /// assert_eq!(id, "agt_y8ffcg0h3tt8");
    /// ```
    AgentId

    /// Identifies a message, and the thread of which it is the first; self-hosted servers write `msg_` and 12 of `[a-z0-9]`.
    ///
    /// ```
    /// use cueapi_types::MessageId;
    ///
    /// let id = MessageId::from("msg_xj6647is7dt3");
    /// assert_eq!(id, "msg_xj6647is7dt3");
    /// ```
    MessageId

    /// Identifies an alert; self-hosted servers write a UUID.
    ///
    /// ```
    /// use cueapi_types::AlertId;
    ///
    /// let id = AlertId::from("35d6b5a2-7f3c-4a4c-b094-9d12052ac47b");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    AlertId

    /// Identifies an agent's subscription to events; self-hosted servers write a UUID.
    ///
    /// ```
    /// use cueapi_types::SubscriptionId;
    ///
    /// let id = SubscriptionId::from("dc2e9626-199a-49f4-ba4c-cedecd7ed599");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    SubscriptionId

    /// Names an agent: by its id, or by its address `agent@user`, both of them slugs. A slug alone is refused.
    ///
    /// ```
    /// use cueapi_types::{AgentId, AgentRef};
    ///
    /// assert_eq!(AgentRef::from("writer@acme"), "writer@acme");
    /// assert_eq!(AgentRef::from(AgentId::from("agt_y8ffcg0h3tt8")), "agt_y8ffcg0h3tt8");
    /// ```
    AgentRef

    /// Identifies a user, who owns cues and agents; self-hosted servers write a UUID.
    ///
    /// ```
    /// use cueapi_types::UserId;
    ///
    /// let id = UserId::from("d709db96-c9fb-4857-8fb3-8798b144a9c4");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    UserId

    /// Identifies an attachment of a live session; self-hosted servers write a UUID.
    ///
    /// ```
    /// use cueapi_types::AttachmentId;
    ///
    /// let id = AttachmentId::from("5a5f4f0e-34ab-4f1d-9a1c-8d1f5a0f6c11");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    AttachmentId

    /// Identifies one of an account's API keys without being a key; the hosted service writes a UUID.
    ///
    /// ```
    /// use cueapi_types::KeyId;
    ///
    /// let id = KeyId::from("0f8c6f0e-5b0a-4c1e-9d6a-1c2f5b7e9a34");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    KeyId

    /// Identifies a daemon: a UUID that it chose for itself.
    ///
    /// ```
    /// use cueapi_types::DaemonId;
    ///
    /// let id = DaemonId::from("7d444840-9dc0-4c3d-9b5e-0f6f0f3a2b1c");
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    DaemonId

    /// Tells a repeated request from a new one: 1 to 255 characters that nothing else of the same user has.
    ///
    /// ```
    /// use cueapi_types::IdempotencyKey;
    ///
    /// let key = IdempotencyKey::from("report-2026-11-23");
    /// assert_eq!(key, "report-2026-11-23");
    /// ```
    IdempotencyKey
}

impl From<AgentId> for AgentRef {
    fn from(id: AgentId) -> Self {
        Self(id.0)
    }
}

impl From<&AgentId> for AgentRef {
    fn from(id: &AgentId) -> Self {
        Self(id.0.clone())
    }
}
