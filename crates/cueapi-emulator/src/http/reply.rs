//! Answers, before they are bytes.

use super::Hold;

/// An answer.
#[derive(Debug)]
pub(crate) enum Reply {
    Json {
        status: u16,
        body: String,
        headers: Vec<(&'static str, String)>,
    },
    Text {
        status: u16,
        content_type: &'static str,
        body: String,
        headers: Vec<(&'static str, String)>,
    },
    Empty {
        status: u16,
        headers: Vec<(&'static str, String)>,
    },
    /// A 500, after which the connection is dropped.
    Crash,
    /// Not yet: something must happen first, or time must pass.
    Hold(Box<Hold>),
}

impl Reply {
    pub(super) fn json(status: u16, body: String) -> Self {
        Self::Json {
            status,
            body,
            headers: Vec::new(),
        }
    }

    pub(super) fn ok(body: String) -> Self {
        Self::json(200, body)
    }

    pub(super) fn html(status: u16, body: String) -> Self {
        Self::Text {
            status,
            content_type: "text/html; charset=utf-8",
            body,
            headers: Vec::new(),
        }
    }

    pub(super) fn no_content() -> Self {
        Self::Empty {
            status: 204,
            headers: Vec::new(),
        }
    }

    /// An answer without content that says what it would be.
    pub(super) fn no_json() -> Self {
        Self::Empty {
            status: 204,
            headers: vec![("content-type", "application/json".into())],
        }
    }

    pub(super) fn add(&mut self, name: &'static str, value: String) {
        match self {
            Self::Json { headers, .. } | Self::Text { headers, .. } | Self::Empty { headers, .. } => {
                headers.push((name, value));
            }
            Self::Hold(hold) => hold.headers.push((name, value)),
            Self::Crash => {}
        }
    }
}
