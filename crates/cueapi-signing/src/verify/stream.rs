//! Verification of a body that comes in pieces, in one pass and without keeping them.

use core::fmt;

use super::{Form, MAX_SECRETS, Proof};
use crate::VerifyError;
use crate::ascii::{self, Escaper, Unescapable};
use crate::header::OwnedSignatures;
use crate::key::Message;

type Messages = [Option<Message>; MAX_SECRETS];

/// A verification in the making; see [`Verifier::begin`](crate::Verifier::begin).
///
/// Until [`finish`](Self::finish) has returned a [`Proof`], nothing of the body may be trusted or acted on.
#[derive(Clone)]
pub struct VerifyStream {
    signatures: OwnedSignatures,
    signed_at: i64,
    raw: Messages,
    /// The escaped form, from the first character on that makes it another than the raw one.
    escaped: Option<Messages>,
    escaper: Escaper,
    unescapable: bool,
    empty: bool,
}

impl VerifyStream {
    pub(super) fn new(signatures: OwnedSignatures, signed_at: i64, raw: Messages) -> Self {
        Self {
            signatures,
            signed_at,
            raw,
            escaped: None,
            escaper: Escaper::default(),
            unescapable: false,
            empty: true,
        }
    }

    /// Adds the next piece of the body, cut anywhere.
    pub fn update(&mut self, chunk: &[u8]) {
        self.empty &= chunk.is_empty();
        if !self.unescapable {
            self.unescapable = self.update_escaped(chunk).is_err();
        }
        self.raw.iter_mut().flatten().for_each(|message| message.update(chunk));
    }

    fn update_escaped(&mut self, chunk: &[u8]) -> Result<(), Unescapable> {
        if self.escaped.is_none() && !ascii::differs(chunk) {
            self.escaper.skip(chunk);
            return Ok(());
        }
        let messages = self.escaped.get_or_insert_with(|| self.raw.clone());
        self.escaper.push(chunk, &mut |bytes| {
            messages.iter_mut().flatten().for_each(|message| message.update(bytes))
        })
    }

    /// Says whether the body that was added is genuine.
    ///
    /// # Errors
    /// [`VerifyError::Mismatch`], or [`VerifyError::BodyRequired`] when nothing was added.
    pub fn finish(self) -> Result<Proof, VerifyError> {
        let find = |messages: Messages, form| {
            let secret = messages
                .into_iter()
                .flatten()
                .position(|message| self.signatures.contain(&message.tag()))?;
            Some(Proof {
                form,
                secret,
                signed_at: self.signed_at,
            })
        };
        if let Some(proof) = find(self.raw, Form::Raw) {
            return Ok(proof);
        }
        if self.empty {
            return Err(VerifyError::BodyRequired);
        }
        let unescapable = self.unescapable || self.escaper.finish().is_err();
        self.escaped
            .filter(|_| !unescapable)
            .and_then(|escaped| find(escaped, Form::AsciiEscaped))
            .ok_or(VerifyError::Mismatch)
    }
}

impl fmt::Debug for VerifyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyStream").finish_non_exhaustive()
    }
}
