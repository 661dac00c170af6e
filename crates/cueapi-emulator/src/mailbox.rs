//! The mail that a server would have sent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use crate::{engine::Email, shared::lock};

/// How many are kept.
const MAX_EMAILS: usize = 1000;

/// Whom a mail is shown to in the place of the mailbox that it is for.
pub(crate) type EmailHook = Arc<dyn Fn(&Email) + Send + Sync>;

/// All mail, whomever it is for; the last [`MAX_EMAILS`].
pub(crate) struct Mailbox {
    emails: Mutex<VecDeque<Email>>,
    show: Option<EmailHook>,
}

impl Mailbox {
    pub(crate) fn new(show: Option<EmailHook>) -> Self {
        Self {
            emails: Mutex::default(),
            show,
        }
    }

    pub(crate) fn all(&self) -> Vec<Email> {
        lock(&self.emails).iter().cloned().collect()
    }

    pub(crate) fn post(&self, emails: Vec<Email>) {
        for email in emails {
            if let Some(show) = &self.show {
                show(&email);
            }
            let mut kept = lock(&self.emails);
            if kept.len() == MAX_EMAILS {
                kept.pop_front();
            }
            kept.push_back(email);
        }
    }
}
