//! Paths whose segments cannot go unescaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::BuildError;

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes the path of a request: literals as they are, arguments as exactly one escaped segment each.
///
/// An argument that no escaping can keep from being another route (empty, `.` or `..`) makes the call fail before
/// anything is sent.
///
/// ```
/// use cueapi_core::endpoint::PathBuilder;
///
/// /// What an `Endpoint::path` of your own may look like: `/v1/cues/{id}/fire`.
/// fn path(id: &str, path: &mut PathBuilder) {
///     path.lit("v1/cues").seg(id).lit("fire");
/// }
/// # path("cue_1", &mut PathBuilder::default());
/// ```
#[derive(Debug, Default)]
pub struct PathBuilder {
    path: String,
    error: Option<BuildError>,
}

impl PathBuilder {
    /// Adds literal segments, such as `v1/cues`. Not escaped: for text that is in the program.
    pub fn lit(&mut self, segments: &'static str) -> &mut Self {
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Adds one segment, escaped.
    pub fn seg(&mut self, segment: impl AsRef<str>) -> &mut Self {
        let segment = segment.as_ref();
        match segment {
            "" => self.fail("an id in the path is empty: it would name another route"),
            "." | ".." => self.fail("an id in the path is '.' or '..': URL parsers would take it for another route"),
            _ if segment.contains('\0') => self.fail("an id in the path contains U+0000, which no CueAPI id does"),
            _ => {}
        }
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, SEGMENT));
        self
    }

    pub(crate) fn finish(self) -> Result<String, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.path),
        }
    }

    fn fail(&mut self, message: &'static str) {
        self.error.get_or_insert_with(|| BuildError::new(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(segment: &str) -> Result<String, BuildError> {
        let mut path = PathBuilder::default();
        path.lit("v1/cues").seg(segment).lit("fire");
        path.finish()
    }

    #[test]
    fn an_id_is_always_one_escaped_segment() {
        for (id, escaped) in [
            ("cue_1-a.b~", "cue_1-a.b~"),
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c", "a%3Fb%23c"),
            ("agent@user", "agent%40user"),
            ("é ☃", "%C3%A9%20%E2%98%83"),
            ("a\\b", "a%5Cb"),
        ] {
            assert_eq!(path(id).unwrap(), format!("/v1/cues/{escaped}/fire"), "{id}");
        }
    }

    #[test]
    fn an_id_that_would_be_another_route_is_refused() {
        for id in ["", ".", "..", "a\0b"] {
            assert!(path(id).is_err(), "{id:?}");
        }
    }
}
