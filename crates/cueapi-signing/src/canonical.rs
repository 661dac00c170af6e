//! The canonical form: `json.dumps(json.loads(text), sort_keys=True)` of Python, to the byte.
//!
//! CueAPI signs this form. A delivery that arrives as it was sent has it already; a body that a gateway or a framework has
//! re-encoded (other spacing, other key order, other escapes) is brought back to it here, without building a tree of values:
//! one pass over the text writes every value as Python spells it, and puts the members of an object in order when it closes.
//!
//! ```
//! use cueapi_signing::canonical;
//!
//! # fn main() -> Result<(), canonical::CanonicalError> {
//! let canonical = canonical::to_vec(r#"{"b":1E2,"a":"é","b":[-0,1.50]}"#)?;
//! assert_eq!(canonical, br#"{"a": "\u00e9", "b": [0, 1.5]}"#);
//! # Ok(()) }
//! ```

mod encoding;
mod float;
mod number;
mod order;
mod scan;
mod string;
mod utf8;
mod written;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::Payload;

/// How deep arrays and objects may be nested: as deep as CPython up to 3.11 reads them with its default recursion limit.
pub const MAX_DEPTH: usize = 994;

/// How many digits an integer may have: as many as CPython reads by default.
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// How many floats of a text may take long to round.
///
/// These are those other than zero below 10<sup>-307</sup>, and, counted sixteen times, those that lie so near the middle of two doubles
/// that their first nineteen digits do not decide between them. Python writes at most seventeen digits.
pub const MAX_HARD_FLOATS: u32 = 4096;

/// How long a text may be, in bytes: 256 MiB, which is far beyond what CueAPI sends.
pub const MAX_LENGTH: usize = 1 << 28;

/// Why a text has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// The text is not JSON (nor one of `NaN`, `Infinity` and `-Infinity`, which Python takes for JSON).
    #[error("the text is not JSON")]
    Syntax,
    /// The bytes are not a text in the encoding in which they begin: UTF-8, UTF-16 or UTF-32.
    #[error("the bytes are not a text in UTF-8, UTF-16 or UTF-32")]
    Encoding,
    /// An integer has more than [`MAX_INTEGER_DIGITS`] digits.
    #[error("an integer has more than {MAX_INTEGER_DIGITS} digits")]
    IntegerTooLong,
    /// Containers are nested more than [`MAX_DEPTH`] deep.
    #[error("arrays and objects are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More than [`MAX_HARD_FLOATS`] floats take long to round.
    #[error(
        "more than {MAX_HARD_FLOATS} floats are so small, or so near the middle of two doubles, that they take long"
    )]
    TooManyHardFloats,
    /// The text is longer than [`MAX_LENGTH`].
    #[error("the text is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Half of a surrogate pair stands alone, which only an ASCII text can spell; from [`to_utf8_vec`] only.
    #[error("a lone surrogate cannot be written in UTF-8")]
    LoneSurrogate,
}

/// The canonical form of a JSON text, in ASCII: the bytes that CueAPI signs.
///
/// Bytes are decoded as Python does it: UTF-8, UTF-16 and UTF-32 with or without a byte-order mark. The result is at most six
/// times as long as the text.
///
/// # Errors
/// Whatever Python refuses is refused; [`CanonicalError`] says why.
pub fn to_vec<'a>(json: impl Into<Payload<'a>>) -> Result<Vec<u8>, CanonicalError> {
    Ok(to_cow(json.into())?.into_owned())
}

/// The canonical form with characters as they are instead of escapes (`ensure_ascii=False`): the bytes that CueAPI sends,
/// but does not sign, for event subscriptions.
///
/// ```
/// use cueapi_signing::canonical;
///
/// # fn main() -> Result<(), canonical::CanonicalError> {
/// assert_eq!(canonical::to_utf8_vec(r#"{"b":"\u00e9\n","a":1}"#)?, "{\"a\": 1, \"b\": \"é\\n\"}".as_bytes());
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`to_vec`], and [`CanonicalError::LoneSurrogate`].
pub fn to_utf8_vec<'a>(json: impl Into<Payload<'a>>) -> Result<Vec<u8>, CanonicalError> {
    utf8::unescape(&to_vec(json)?)
}

/// Hands the canonical form to `sink` piece by piece, in as many pieces as it takes; nothing when there is an error.
///
/// ```
/// use cueapi_signing::{Signer, canonical};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = Signer::new("whsec_0011223344556677")?;
/// let mut signature = signer.begin(17);
/// canonical::stream(r#"{"b":2,"a":1}"#, |piece| signature.update(piece))?;
/// assert_eq!(signature.finish(), signer.sign(17, br#"{"a": 1, "b": 2}"#));
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`to_vec`].
pub fn stream<'a>(json: impl Into<Payload<'a>>, sink: impl FnMut(&[u8])) -> Result<(), CanonicalError> {
    scan::scan(&text(json.into())?, |written| written.stream(sink))
}

/// The canonical form; borrowed when the payload is in that form already.
pub(crate) fn to_cow(json: Payload<'_>) -> Result<Cow<'_, [u8]>, CanonicalError> {
    let text = text(json)?;
    let canonical = scan::scan(&text, |written| written.into_bytes())?;
    Ok(match text {
        Cow::Borrowed(text) if *text == canonical => text.into(),
        _ => canonical.into(),
    })
}

/// Whether a body looks as if something other than Python had written it; a guess from its beginning.
pub(crate) fn looks_re_encoded(body: &[u8]) -> bool {
    let beginning = &body[..body.len().min(128)];
    let colon = beginning.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| !beginning.starts_with(b"{\"") || beginning.get(colon + 1) != Some(&b' '))
}

#[inline]
fn text(json: Payload<'_>) -> Result<Cow<'_, [u8]>, CanonicalError> {
    match json {
        // Before anything is decoded; what it decodes to may be too long still.
        Payload::Bytes(bytes) if bytes.len() > MAX_LENGTH => Err(CanonicalError::TooLong),
        Payload::Bytes(bytes) => encoding::decode(bytes),
        Payload::Text(text) => Ok(text.as_bytes().into()),
        #[cfg(feature = "json")]
        Payload::Json(value) => serde_json::to_vec(value)
            .map(Cow::Owned)
            .map_err(|_| CanonicalError::Syntax),
    }
}

/// A position in a text, of which [`MAX_LENGTH`] says that it fits: half the memory is half the time.
#[expect(
    clippy::cast_possible_truncation,
    reason = "texts are at most MAX_LENGTH long, and what replaces them six times that"
)]
const fn offset(at: usize) -> u32 {
    at as u32
}

/// How long most stretches of a text are, at most. It is quicker to copy this much and to take back what was too much than to
/// copy the right length.
const SHORT: usize = 32;

/// Appends the first `length` bytes of a text.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
fn push_short(out: &mut Vec<u8>, text: &[u8], length: usize) {
    match text.first_chunk::<SHORT>() {
        Some(chunk) if length <= SHORT => {
            let end = out.len() + length;
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&text[..length]),
    }
}

/// Copies the first `length` bytes of a text; what comes behind them in `to` may be anything then.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
fn copy_short(from: &[u8], to: &mut [u8], length: usize) {
    match (from.first_chunk::<SHORT>(), to.first_chunk_mut::<SHORT>()) {
        (Some(from), Some(to)) if length <= SHORT => *to = *from,
        _ => to[..length].copy_from_slice(&from[..length]),
    }
}
