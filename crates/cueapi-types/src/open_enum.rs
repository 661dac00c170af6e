//! Enums that stay open: a value that this version does not know decodes, compares and goes back unchanged.

use std::fmt;

/// A value that a CueAPI server sent and that this version has no name for.
///
/// It cannot be made or matched by its text outside this crate, on purpose: when a later version names the value, code
/// that compared against the text here would silently stop matching. Read the text through the enum's own `as_str`,
/// which says the same before and after.
///
/// ```
/// use cueapi_types::VerificationMode;
///
/// let mode: VerificationMode = "hibernating".parse()?;
/// assert!(matches!(mode, VerificationMode::Unrecognized(_)));
/// assert_eq!(mode.as_str(), "hibernating");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnrecognizedValue(Box<str>);

impl UnrecognizedValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnrecognizedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Defines an open enum from its names on the wire.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version of the crate does not know; see [`UnrecognizedValue`]($crate::UnrecognizedValue).
            Unrecognized($crate::UnrecognizedValue),
        }

        impl $name {
            /// Every value that this version knows, in the order of the description.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The value as it stands on the wire.
            ///
            #[doc = concat!(
                "```\nlet value = cueapi_types::", stringify!($name), "::from(\"new_next_year\");\n",
                "assert_eq!(value.as_str(), \"new_next_year\");\n```"
            )]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unrecognized(value) => value.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    _ => Self::Unrecognized($crate::UnrecognizedValue::new(text)),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text: std::borrow::Cow<'de, str> = serde::Deserialize::deserialize(deserializer)?;
                Ok(Self::from(&*text))
            }
        }
    };
}

pub(crate) use open_enum;
