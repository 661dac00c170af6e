//! How a caller without a key gets one: registration, and login by device code.

use super::{Call, Reply, form::Form, values::Length};
use crate::{engine::LOGIN_SECONDS, json::Writer};

/// The page on which a user says who they are.
const DEVICE_PAGE: &str = include_str!("login/device.html");
/// What the link in the mail leads to.
const DONE_PAGE: &str = include_str!("login/done.html");

impl Call<'_> {
    pub(super) fn register(&mut self) -> Result<Reply, Reply> {
        let body = self.body()?;
        let email = self.form(&body, |form| form.required_email("email"))?;
        let id = self.engine.register(self.exchange.now, &email)?;
        let body = Writer::object()
            .str("api_key", &self.row(id)?.api_key)
            .str("email", &email);
        Ok(Reply::json(201, body.finish()))
    }

    pub(super) fn start_login(&mut self) -> Result<Reply, Reply> {
        let body = self.body()?;
        let code = self.form(&body, read_code)?;
        self.engine.start_login(self.exchange.now, self.exchange.peer, &code)?;
        let url = format!("{}/auth/device?code={code}", self.exchange.base_url());
        let body = Writer::object()
            .str("verification_url", &url)
            .int("expires_in", LOGIN_SECONDS);
        Ok(Reply::json(201, body.finish()))
    }

    pub(super) fn submit_email(&mut self) -> Result<Reply, Reply> {
        let body = self.body()?;
        let (code, email) = self.form(&body, |form| {
            let code = read_code(form);
            let email = form.required_email("email");
            code.zip(email)
        })?;
        let (now, peer) = (self.exchange.now, self.exchange.peer);
        let token = self.engine.submit_email(now, peer, &code, &email)?;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", &token)
            .append_pair("device_code", &code)
            .finish();
        let link = format!("{}/v1/auth/verify?{query}", self.exchange.base_url());
        self.engine.write_email(now, &email, &link);
        Ok(Reply::ok(Writer::object().str("status", "email_sent").finish()))
    }

    pub(super) fn poll_login(&mut self) -> Result<Reply, Reply> {
        let body = self.body()?;
        let code = self.form(&body, read_code)?;
        let progress = self.engine.poll_login(self.exchange.now, &code)?;
        let mut body = Writer::object().str("status", progress.status.as_str());
        if let Some((id, session_token)) = progress.approved {
            let account = self.row(id)?;
            body = body
                .str("api_key", &account.api_key)
                .str("email", &account.email)
                .str("session_token", &session_token);
        }
        Ok(Reply::ok(body.finish()))
    }

    pub(super) fn exchange_session(&mut self) -> Result<Reply, Reply> {
        let body = self.body()?;
        let token = self.form(&body, |form| form.required_str("token", Length::ANY).map(str::to_owned))?;
        let id = self.engine.exchange_login_token(self.exchange.now, &token)?;
        self.session_of(id)
    }

    pub(super) fn verify_login(&mut self) -> Result<Reply, Reply> {
        let query = self.query();
        let mut parameters = query.parameters();
        let (token, code) = (parameters.required("token"), parameters.required("device_code"));
        parameters.finish()?;
        Ok(match self.engine.approve_login(self.exchange.now, code, token) {
            Some(_) => page(200, DONE_PAGE, "You are logged in. You can close this page."),
            None => page(400, DONE_PAGE, "This link is not valid, or not any more."),
        })
    }

    pub(super) fn show_login(&mut self) -> Result<Reply, Reply> {
        let query = self.query();
        let mut parameters = query.parameters();
        let code = parameters.required("code");
        parameters.finish()?;
        Ok(page(200, DEVICE_PAGE, code))
    }
}

fn read_code(form: &mut Form<'_>) -> Option<String> {
    form.required_str("device_code", Length::ANY).map(str::to_owned)
}

/// A page with a text that anybody may have chosen.
fn page(status: u16, page: &str, text: &str) -> Reply {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    Reply::html(status, page.replace("{text}", &text))
}
