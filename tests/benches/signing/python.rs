//! The official Python SDK, measured by itself in the system's `python3`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// Prints which interpreter and which SDK they are.
const WHICH: &str = r#"
import platform
from importlib.metadata import version
from cueapi.webhook import verify_webhook
print(platform.python_implementation(), platform.python_version(), "with cueapi-sdk", version("cueapi-sdk"))
"#;

const MEASURE: &str = r#"
import hashlib, hmac, sys, time
from cueapi.webhook import verify_webhook

body, secret = open(sys.argv[1], "rb").read(), sys.argv[2]
timestamp = str(int(time.time()))
digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
call = lambda: verify_webhook(body, "v1=" + digest, secret, timestamp)
assert call()
best, end = float("inf"), time.perf_counter() + 0.5
while time.perf_counter() < end:
    start = time.perf_counter()
    for _ in range(4):
        call()
    best = min(best, (time.perf_counter() - start) / 4)
print(best * 1e9)
"#;

/// An interpreter that has the SDK, or why there is none.
pub(crate) struct Python {
    folder: PathBuf,
    found: Result<String, String>,
}

impl Python {
    /// Installs the SDK from PyPI where it is not there yet.
    pub(crate) fn find() -> Result<Self, Error> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cueapi-sdk");
        fs::create_dir_all(&folder)?;
        let which = || run(python(&folder).args(["-c", WHICH]));
        let install = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", "."];
        let found = which().or_else(|_| {
            run(python(&folder).args(install).arg("cueapi-sdk"))?;
            which()
        });
        Ok(Self { folder, found })
    }

    /// What was measured, or why nothing was.
    pub(crate) fn about(&self) -> String {
        match &self.found {
            Ok(which) => format!("The Python SDK is {which}."),
            Err(why) => format!("The Python SDK was not measured: {why}"),
        }
    }

    /// The time that `verify_webhook` takes, in nanoseconds.
    pub(crate) fn verify_webhook(&self, body: &[u8], secret: &str) -> Result<Option<f64>, Error> {
        if self.found.is_err() {
            return Ok(None);
        }
        let file = self.folder.join("body.json");
        fs::write(&file, body)?;
        let printed = run(python(&self.folder).args(["-c", MEASURE]).arg(&file).arg(secret))?;
        Ok(Some(printed.parse()?))
    }
}

fn python(folder: &Path) -> Command {
    let mut python = Command::new("python3");
    python.current_dir(folder).env("PYTHONPATH", folder);
    python
}

/// What a command prints, or what it complains about.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("python3: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let error = complaint.lines().rfind(|line| line.contains("rror"));
        Err(error.unwrap_or("python3 failed").to_owned())
    }
}
