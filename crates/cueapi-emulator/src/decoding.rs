//! Unpacks a receiver's answer as the server's HTTP library does, which fails where it cannot.

use std::io::{ErrorKind, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

/// More than this is not unpacked, and counts as good.
const MAX: u64 = 16 * 1_048_576;

const NOT_GZIP: &str = "Error -3 while decompressing data: incorrect header check";

/// The library tells more apart here.
const BROKEN: &str = "Error -3 while decompressing data: invalid data";

/// `Err` says what is wrong, as the library does. An end that comes too early is not wrong, nor is what follows the end. A
/// coding that the server has not offered is left alone.
pub(crate) fn decode(headers: &HeaderMap, body: &Bytes) -> Result<(), &'static str> {
    let mut codings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        codings.extend(value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    }
    let mut unpacked = body.clone();
    for coding in codings.iter().rev() {
        unpacked = match coding.to_ascii_lowercase().as_slice() {
            b"gzip" => gunzip(&unpacked)?,
            b"deflate" => inflate(&unpacked)?,
            _ => continue,
        };
    }
    Ok(())
}

fn gunzip(body: &[u8]) -> Result<Bytes, &'static str> {
    // Of a body that is shorter than gzip's header, flate2 only sees that it ends too early.
    let starts_as_gzip = body.iter().zip([0x1f, 0x8b]).all(|(byte, expected)| *byte == expected);
    if !starts_as_gzip {
        return Err(NOT_GZIP);
    }
    unpack(GzDecoder::new(body)).ok_or(BROKEN)
}

/// With the header of zlib or, as some servers send it, without.
fn inflate(body: &[u8]) -> Result<Bytes, &'static str> {
    unpack(ZlibDecoder::new(body))
        .or_else(|| unpack(DeflateDecoder::new(body)))
        .ok_or(BROKEN)
}

/// `None` where something is wrong.
fn unpack(decoder: impl Read) -> Option<Bytes> {
    let mut unpacked = Vec::new();
    match decoder.take(MAX).read_to_end(&mut unpacked) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => None,
        _ => Some(unpacked.into()),
    }
}
