//! A headless Chromium, spoken to over WebDriver.
//!
//! By hand, since it is a few JSON requests: the client crates bring two dozen packages, older versions of seven among them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// Browsers are large: one at a time.
static ONE: Mutex<()> = Mutex::const_new(());

pub(crate) struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    pub(crate) async fn open() -> Self {
        let turn = ONE.lock().await;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let mut browser = Self {
            driver,
            http: reqwest::Client::new(),
            session: format!(
                "http://127.0.0.1:{}/session",
                port.expect("chromedriver tells its port")
            ),
            _turn: turn,
        };
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                "--force-color-profile=srgb", "--host-resolver-rules=MAP *.evil.test 127.0.0.1",
            ]},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = browser.post("", capabilities).await;
        browser.session = format!("{}/{}", browser.session, session["sessionId"].as_str().unwrap());
        browser.size(1440, 900).await;
        browser
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Value {
        let text = request.send().await.unwrap().text().await.unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "chromedriver answered {value}");
        value
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.session));
        self.exchange(request.body(body.to_string())).await
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters}))
            .await
    }

    pub(crate) async fn go(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    pub(crate) async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub(crate) async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// The value of a JavaScript expression, which may be a promise.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let script = format!("return (async () => ({expression}))();");
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        let value = self
            .eval(&format!("document.querySelector({selector:?})?.innerText"))
            .await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let started = Instant::now();
        while self.eval(&format!("Boolean({expression})")).await != true {
            if started.elapsed() > Duration::from_secs(20) {
                panic!("never true: {expression}; the page says:\n{}", self.text("body").await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an element shows a text.
    pub(crate) async fn until_text(&self, selector: &str, text: &str) {
        self.until(&format!(
            "document.querySelector({selector:?})?.innerText.includes({text:?})"
        ))
        .await;
    }

    /// Clicks an element as a mouse does: it must be in sight and not covered.
    pub(crate) async fn click(&self, selector: &str) {
        let found = self
            .post("/element", json!({"using": "css selector", "value": selector}))
            .await;
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("/element/{id}/click"), json!({})).await;
    }

    /// Presses a key, such as `\u{e004}` for the tabulator or `\u{e007}` for enter.
    pub(crate) async fn press(&self, key: char) {
        let key = key.to_string();
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        let actions = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.post("/actions", actions).await;
    }

    /// A PNG of what is in sight.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        let request = self.http.get(format!("{}/screenshot", self.session));
        STANDARD.decode(self.exchange(request).await.as_str().unwrap()).unwrap()
    }

    /// What the console was told: errors of scripts, and what the Content-Security-Policy refused.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({"type": "browser"})).await;
        let entries = log.as_array().unwrap().iter();
        entries
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) async fn close(self) {
        self.exchange(self.http.delete(&self.session)).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its driver. A child that cannot be killed has ended already.
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
