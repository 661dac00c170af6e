//! Random steps of logins, against a model that fits on a page.

use std::collections::BTreeMap;

use cueapi_emulator::engine::{AccountId, Engine, Limits, LoginStatus};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Start { code: usize },
    Submit { code: usize, email: usize },
    Open { link: usize },
    Poll { code: usize },
    Exchange { token: usize },
    Register { email: usize },
    Wait { seconds: i64 },
}

const CODES: [&str; 3] = ["code-a", "code-b", "code-c"];
const EMAILS: [&str; 3] = ["a@example.com", "b@example.com", "new@example.com"];

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    prop_oneof![
        3 => (0..CODES.len()).prop_map(|code| Start { code }),
        4 => (0..CODES.len(), 0..EMAILS.len()).prop_map(|(code, email)| Submit { code, email }),
        4 => (0..3_usize).prop_map(|link| Open { link }),
        4 => (0..CODES.len()).prop_map(|code| Poll { code }),
        2 => (0..3_usize).prop_map(|token| Exchange { token }),
        1 => (0..EMAILS.len()).prop_map(|email| Register { email }),
        2 => prop_oneof![0..400_i64, 880..920_i64].prop_map(|seconds| Wait { seconds }),
    ]
}

struct Login {
    started: Timestamp,
    status: LoginStatus,
    email: &'static str,
    /// What the last mail's link carries, until it is opened.
    link: Option<Box<str>>,
}

/// A token that a program got, and its code; `None` once it was exchanged.
type Token = Option<(&'static str, Box<str>)>;

struct World {
    engine: Engine,
    now: Timestamp,
    accounts: BTreeMap<&'static str, AccountId>,
    logins: BTreeMap<&'static str, Login>,
    links: Vec<(&'static str, Box<str>)>,
    tokens: Vec<Token>,
}

impl World {
    fn new() -> Self {
        let now = "2026-03-06T22:00:00Z".parse().unwrap();
        let mut engine = Engine::new(3);
        engine.limit_anonymous_requests(None);
        let account = engine.open_account(now, EMAILS[0], Limits::free());
        Self {
            engine,
            now,
            accounts: BTreeMap::from([(EMAILS[0], account)]),
            logins: BTreeMap::new(),
            links: Vec::new(),
            tokens: Vec::new(),
        }
    }

    fn live(&mut self, code: &str) -> Option<&mut Login> {
        let now = self.now;
        let live = |login: &Login| now.duration_since(login.started) < SignedDuration::from_secs(900);
        self.logins.get_mut(code).filter(|login| live(login))
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Start { code } => {
                let code = CODES[code];
                let free = self.live(code).is_none();
                assert_eq!(
                    self.engine.start_login(now, "peer", code).is_ok(),
                    free,
                    "a code is in use or free"
                );
                if free {
                    let login = Login {
                        started: now,
                        status: LoginStatus::Pending,
                        email: "",
                        link: None,
                    };
                    self.logins.insert(code, login);
                    self.tokens.iter_mut().for_each(|token| {
                        token.take_if(|(of, _)| *of == code);
                    });
                }
            }
            Step::Submit { code, email } => {
                let (code, email) = (CODES[code], EMAILS[email]);
                let sent = self.engine.submit_email(now, "peer", code, email);
                let open = |login: &&mut Login| matches!(login.status, LoginStatus::Pending | LoginStatus::EmailSent);
                let login = self.live(code).filter(open);
                assert_eq!(
                    sent.is_ok(),
                    login.is_some(),
                    "a mail is sent for a login that is not approved yet"
                );
                if let (Ok(link), Some(login)) = (sent, login) {
                    login.status = LoginStatus::EmailSent;
                    login.email = email;
                    login.link = Some(link.clone());
                    self.links.push((code, link));
                }
            }
            Step::Open { link } => {
                let Some((code, link)) = self.links.iter().rev().nth(link).cloned() else {
                    return;
                };
                let approved = self.engine.approve_login(now, code, &link);
                let login = self.live(code).filter(|login| login.link.as_ref() == Some(&link));
                assert_eq!(approved.is_some(), login.is_some(), "the last link counts, once");
                if let (Some(account), Some(login)) = (approved, login) {
                    login.status = LoginStatus::Approved;
                    login.link = None;
                    let email = login.email;
                    let known = *self.accounts.entry(email).or_insert(account);
                    assert_eq!(known, account, "an address has one account");
                }
            }
            Step::Poll { code } => {
                let code = CODES[code];
                let progress = self.engine.poll_login(now, code).unwrap();
                let login = self.live(code);
                let status = login.as_ref().map_or(LoginStatus::Expired, |login| login.status);
                assert_eq!(progress.status, status);
                assert_eq!(
                    progress.approved.is_some(),
                    status == LoginStatus::Approved,
                    "the key is given once"
                );
                if let (Some((account, token)), Some(login)) = (progress.approved, login) {
                    login.status = LoginStatus::Claimed;
                    let email = login.email;
                    assert_eq!(self.accounts.get(email), Some(&account));
                    self.tokens.push(Some((code, token)));
                }
            }
            Step::Exchange { token } => {
                let Some(place) = self.tokens.len().checked_sub(token + 1) else {
                    return;
                };
                let Some((code, token)) = self.tokens[place].take() else {
                    return;
                };
                let email = self.live(code).map(|login| login.email);
                let expected = email.map(|email| self.accounts[email]);
                assert_eq!(self.engine.exchange_login_token(now, &token).ok(), expected);
                assert!(
                    self.engine.exchange_login_token(now, &token).is_err(),
                    "a token is good for once"
                );
            }
            Step::Register { email } => {
                let email = EMAILS[email];
                let registered = self.engine.register(now, email);
                assert_eq!(registered.is_err(), self.accounts.contains_key(email));
                if let Ok(account) = registered {
                    self.accounts.insert(email, account);
                }
            }
            Step::Wait { seconds } => self.now += SignedDuration::from_secs(seconds),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_login_goes_forward_and_gives_its_key_once(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
    }
}
