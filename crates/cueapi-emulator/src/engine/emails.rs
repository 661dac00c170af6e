//! Email that a server would send. The emulator sends none: it shows them.

use std::fmt;

use jiff::Timestamp;

use super::Engine;

/// A mail for who logs in.
#[derive(Clone)]
#[non_exhaustive]
pub struct Email {
    /// Whom it is for.
    pub to: Box<str>,
    /// The link in it, which approves the login when it is opened.
    pub link: Box<str>,
    /// When it was written.
    pub sent_at: Timestamp,
}

impl fmt::Debug for Email {
    /// Without the link: who has it can log in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { to, sent_at, .. } = self;
        f.debug_struct("Email")
            .field("to", to)
            .field("sent_at", sent_at)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Writes a mail.
    pub(crate) fn write_email(&mut self, now: Timestamp, to: &str, link: &str) {
        self.emails.push(Email {
            to: to.into(),
            link: link.into(),
            sent_at: now,
        });
    }

    /// The mails that have been written since the last call.
    pub(crate) fn take_emails(&mut self) -> Vec<Email> {
        std::mem::take(&mut self.emails)
    }
}
