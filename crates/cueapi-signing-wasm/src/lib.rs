#![doc = include_str!("../README.md")]
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

use alloc::vec::Vec;
use core::time::Duration;

use cueapi_signing::canonical::{self, CanonicalError};
use cueapi_signing::{Form, SecretError, SignatureHeaders, Verified, Verifier, VerifyError, verify_webhook_at};
#[cfg(target_family = "wasm")]
use lol_alloc::{FreeListAllocator, LockedAllocator};
use spin::Mutex;

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: LockedAllocator<FreeListAllocator> = LockedAllocator::new(FreeListAllocator::new());

#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// What an instance of the module holds; an instance belongs to one verifier of the host's.
struct Instance {
    verifier: Option<Verifier>,
    /// What the host has written: the arguments of the next call, one after the other.
    input: Vec<u8>,
    /// What the last call has written.
    output: Vec<u8>,
}

static INSTANCE: Mutex<Instance> = Mutex::new(Instance {
    verifier: None,
    input: Vec::new(),
    output: Vec::new(),
});

/// Which outcome a call had: these numbers, or the number of the secret that matched plus a hundred times the form.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Refusal {
    MalformedTimestamp = -1,
    Expired = -2,
    MalformedSignature = -3,
    BodyRequired = -4,
    Mismatch = -5,
    NotJson = -6,
    NoCanonicalForm = -7,
    BadSecret = -8,
}

/// Makes room for arguments of this many bytes, and says where in memory.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *const u8 {
    let mut instance = INSTANCE.lock();
    instance.input.resize(length, 0);
    instance.input.as_ptr()
}

/// Adds the secret that was written; the first one makes the verifier. Returns what is wrong with it, or zero.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn add_secret() -> i32 {
    let mut instance = INSTANCE.lock();
    let verifier = match instance.verifier.take() {
        Some(verifier) => verifier.also(&instance.input),
        None => Verifier::new(&instance.input),
    };
    match verifier {
        Ok(verifier) => {
            instance.verifier = Some(verifier);
            0
        }
        Err(error) => fault(error),
    }
}

/// The number of what is wrong with a secret; `SECRET_FAULTS` of the wrapper has the words.
const fn fault(error: SecretError) -> i32 {
    match error {
        SecretError::Empty => -1,
        SecretError::TooShort => -2,
        SecretError::Quoted => -3,
        SecretError::Prefixed => -4,
        SecretError::ApiKey => -5,
        SecretError::TooMany => -6,
        _ => -7,
    }
}

/// Sets the tolerance, in milliseconds, and whether bodies may have been re-encoded.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn configure(tolerance: f64, canonical: bool) {
    let mut instance = INSTANCE.lock();
    instance.verifier = instance.verifier.take().map(|verifier| {
        let verifier = verifier.tolerance(milliseconds(tolerance));
        if canonical { verifier.canonical() } else { verifier }
    });
}

/// Verifies a signature, a timestamp and a body that were written one after the other, at a time in
/// milliseconds since the Unix epoch.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn verify(signature_length: usize, timestamp_length: usize, now: f64) -> i32 {
    let mut instance = INSTANCE.lock();
    let Some([signature, timestamp, body]) = split(&instance.input, [signature_length, timestamp_length]) else {
        return Refusal::MalformedSignature as i32;
    };
    let Some(verifier) = &instance.verifier else {
        return Refusal::BadSecret as i32;
    };
    let result = verifier.verify(body, SignatureHeaders::new(signature, timestamp), milliseconds(now));
    let (code, output) = outcome(result);
    instance.output = output;
    code
}

/// Verifies a secret, a signature, a timestamp and a body as the official Python SDK does.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn verify_webhook(
    secret_length: usize,
    signature_length: usize,
    timestamp_length: usize,
    tolerance: f64,
    now: f64,
) -> i32 {
    let mut instance = INSTANCE.lock();
    let lengths = [secret_length, signature_length, timestamp_length];
    let Some([secret, signature, timestamp, body]) = split(&instance.input, lengths) else {
        return Refusal::MalformedSignature as i32;
    };
    let headers = SignatureHeaders::new(signature, timestamp);
    let (code, output) = outcome(verify_webhook_at(
        body,
        headers,
        secret,
        milliseconds(tolerance),
        milliseconds(now),
    ));
    instance.output = output;
    code
}

/// Writes the canonical form of the JSON text that was written.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn canonicalise() -> i32 {
    let mut instance = INSTANCE.lock();
    match canonical::to_vec(&instance.input) {
        Ok(form) => {
            instance.output = form;
            0
        }
        Err(CanonicalError::Syntax) => Refusal::NotJson as i32,
        Err(_) => Refusal::NoCanonicalForm as i32,
    }
}

/// Where in memory the last successful call has written its result.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    INSTANCE.lock().output.as_ptr()
}

/// How many bytes the last successful call has written.
#[expect(unsafe_code, reason = "a module's export")]
#[unsafe(no_mangle)]
pub extern "C" fn output_length() -> usize {
    INSTANCE.lock().output.len()
}

/// Cuts arguments of known lengths off the input, of which the last one is the rest.
fn split<const N: usize, const M: usize>(mut input: &[u8], lengths: [usize; N]) -> Option<[&[u8]; M]> {
    let mut parts = [&[][..]; M];
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, input) = input.split_at_checked(length)?;
    }
    *parts.last_mut()? = input;
    Some(parts)
}

fn outcome(result: Result<Verified<'_>, VerifyError>) -> (i32, Vec<u8>) {
    let refusal = match result {
        Ok(verified) => {
            let form = match verified.form() {
                Form::Raw => 0,
                Form::AsciiEscaped => 100,
                _ => 200,
            };
            let secret = i32::try_from(verified.secret()).unwrap_or(i32::MAX);
            return (form + secret, verified.into_bytes().into_owned());
        }
        Err(VerifyError::MalformedTimestamp) => Refusal::MalformedTimestamp,
        Err(VerifyError::Expired) => Refusal::Expired,
        Err(VerifyError::MalformedSignature) => Refusal::MalformedSignature,
        Err(VerifyError::BodyRequired) => Refusal::BodyRequired,
        Err(VerifyError::NoCanonicalForm(_)) => Refusal::NoCanonicalForm,
        Err(VerifyError::Secret(_)) => Refusal::BadSecret,
        Err(_) => Refusal::Mismatch,
    };
    (refusal as i32, Vec::new())
}

/// A number of milliseconds; JavaScript's numbers are floats, and what is no natural number becomes the nearest one.
#[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates")]
fn milliseconds(number: f64) -> Duration {
    Duration::from_millis(number as u64)
}
