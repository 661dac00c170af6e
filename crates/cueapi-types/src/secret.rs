//! Secrets, which show themselves only when asked.

#[cfg(not(feature = "zeroize"))]
use std::mem::drop as erase;

/// Overwrites a text that is no longer needed.
#[cfg(feature = "zeroize")]
fn erase(mut text: String) {
    zeroize::Zeroize::zeroize(&mut text);
}

/// Defines a newtype over a secret's text.
macro_rules! secret {
    ($( $(#[$meta:meta])* $name:ident )+) => { $(
        $(#[$meta])*
        ///
        /// `Debug` does not show it and there is no `Display`, so that it cannot end up in a log by accident. Serialising
        /// does write it out.
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The secret itself.
            ///
            #[doc = concat!(
                "```\nlet secret = cueapi_types::", stringify!($name), "::from(\"a-secret\");\n",
                "assert_eq!(secret.expose(), \"a-secret\");\n```"
            )]
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(secret: &str) -> Self {
                Self(secret.into())
            }
        }

        impl From<String> for $name {
            fn from(secret: String) -> Self {
                // Copied, because shrinking a String can leave a copy of its text behind.
                let kept = Self::from(&*secret);
                erase(secret);
                kept
            }
        }

        #[cfg(feature = "zeroize")]
        impl Drop for $name {
            fn drop(&mut self) {
                zeroize::Zeroize::zeroize(&mut self.0);
            }
        }

        #[cfg(feature = "zeroize")]
        impl zeroize::ZeroizeOnDrop for $name {}

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+ };
}

secret! {
    /// The secret that signs webhook deliveries: the whole text, `whsec_` included, is the key.
    ///
    /// ```
    /// use cueapi_types::WebhookSecret;
    ///
    /// let secret = WebhookSecret::from("whsec_2841a8b7");
    /// assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    /// assert_eq!(secret.expose(), "whsec_2841a8b7");
    /// ```
    WebhookSecret

    /// The token by which a live session attests that it has taken an execution; the session makes it up.
    ///
    /// ```
    /// use cueapi_types::SessionToken;
    ///
    /// assert_eq!(format!("{:?}", SessionToken::from("4f1c9a")), "SessionToken(..)");
    /// ```
    SessionToken

    /// An API key as a server issues it. Build a client with what `expose` gives.
    ///
    /// ```
    /// use cueapi_types::IssuedKey;
    ///
    /// let key = IssuedKey::from("cue_sk_0123456789abcdef0123456789abcdef");
    /// assert_eq!(format!("{key:?}"), "IssuedKey(..)");
    /// ```
    IssuedKey

    /// The token of a session, which does what an API key does: for 24 hours (*self-hosted*) or a year (*hosted*).
    ///
    /// ```
    /// use cueapi_types::AccountToken;
    ///
    /// assert_eq!(format!("{:?}", AccountToken::from("eyJhbGciOi")), "AccountToken(..)");
    /// ```
    AccountToken

    /// What an approved login hands out once, to be exchanged for a session.
    ///
    /// ```
    /// use cueapi_types::LoginToken;
    ///
    /// assert_eq!(format!("{:?}", LoginToken::from("4f1c9a")), "LoginToken(..)");
    /// ```
    LoginToken

    /// The token from the mail about an account's deletion, which cancels the deletion.
    ///
    /// ```
    /// use cueapi_types::DeletionToken;
    ///
    /// assert_eq!(format!("{:?}", DeletionToken::from("4f1c9a")), "DeletionToken(..)");
    /// ```
    DeletionToken

    /// The code of a login, which the program makes up: whoever knows it can fetch the API key. *Self-hosted:* 6 to 128
    /// characters. *Hosted:* 8 letters and digits.
    ///
    /// ```
    /// use cueapi_types::DeviceCode;
    ///
    /// assert_eq!(format!("{:?}", DeviceCode::from("ABCD-EFGH")), "DeviceCode(..)");
    /// ```
    DeviceCode
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "zeroize")]
    #[test]
    fn every_secret_is_erased_when_it_is_dropped() {
        const fn is_erased<T: zeroize::ZeroizeOnDrop>() {}
        is_erased::<WebhookSecret>();
        is_erased::<SessionToken>();
        is_erased::<IssuedKey>();
        is_erased::<AccountToken>();
        is_erased::<LoginToken>();
        is_erased::<DeviceCode>();
    }

    #[test]
    fn a_secret_is_plain_text_on_the_wire() {
        let secret: WebhookSecret = serde_json::from_str(r#""whsec_\u0031""#).unwrap();
        assert_eq!(secret.expose(), "whsec_1");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""whsec_1""#);
        assert_eq!(secret, WebhookSecret::from("whsec_1".to_owned()));
    }
}
