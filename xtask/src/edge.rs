//! Signing at the edge: the WebAssembly module, its size, and the vectors in the runtimes in which it is used.
#![expect(clippy::print_stdout, reason = "what the command reports")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

use crate::steps::Missing;
use crate::targets::{Toolchain, target_folder};

/// Builds the WebAssembly module of `cueapi-signing`, and runs the signing vectors in Node and in workerd.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Build the module and print its size, but run nothing.
    #[arg(long)]
    build_only: bool,
}

const TARGET: &str = "wasm32-unknown-unknown";

/// As large as the module may be, in bytes.
const SIZE_LIMIT: u64 = 40_000;

/// As much memory as the module may take, in bytes: half of what a worker has.
const MEMORY_LIMIT: usize = 64 << 20;

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let sh = Shell::new()?;
        let folder = target_folder().join("edge");
        fs::create_dir_all(&folder)?;

        let module = build(&sh)?;
        let size = fs::metadata(&module)?.len();
        println!("module: {size} bytes");
        ensure!(
            size < SIZE_LIMIT,
            "the module has {size} bytes; it may have {SIZE_LIMIT}"
        );
        if self.build_only {
            return Ok(());
        }

        let cases = folder.join("cases.json");
        fs::write(&cases, cases_text()?)?;
        report("Node", &node(&sh, &module, &cases)?)?;
        report("workerd", &workerd(&sh, &folder, &module, &cases)?)
    }
}

fn build(sh: &Shell) -> Result<PathBuf> {
    let toolchain = Toolchain::for_targets(sh, &[TARGET])?;
    // The rolled-up loops of the hash are 7 kB smaller. Where they come from on this machine is nobody's business.
    let home = std::env::var("HOME").unwrap_or_default();
    let flags = format!(
        r#"--cfg sha2_backend_soft="compact" --remap-path-prefix={home}=home -C link-arg=--max-memory={MEMORY_LIMIT}"#
    );
    let _flags = sh.push_env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    let build = [
        "build",
        "--package",
        "cueapi-signing-wasm",
        "--profile",
        "wasm",
        "--target",
        TARGET,
    ];
    toolchain.cargo(sh, &build).run()?;
    Ok(target_folder().join(TARGET).join("wasm/cueapi_signing_wasm.wasm"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn javascript(name: &str) -> PathBuf {
    root().join("crates/cueapi-signing-wasm/js").join(name)
}

/// The vectors and the captured deliveries, as the scripts want them.
fn cases_text() -> Result<String> {
    let fixtures = root().join("tests/fixtures");
    let read = |path: &Path| -> Result<Value> {
        let text = fs::read(path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_slice(&text)?)
    };
    let vectors = |name: &str| Ok::<_, anyhow::Error>(read(&fixtures.join("vectors").join(name))?["vectors"].take());
    let mut captures: Vec<_> = fs::read_dir(fixtures.join("webhooks"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    captures.sort();
    let deliveries = captures.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    // A body over the limit, and one for which the memory does not suffice.
    let mut hostile = deliveries[0].clone();
    hostile["label"] = "white space".into();
    hostile["piece"] = "\n1\n,".into();
    hostile["times"] = json!(8 << 20);
    let cases = json!({
        "canonical": vectors("canonical.json")?,
        "verify": vectors("verify.json")?,
        "delivery": deliveries,
        "secret": read(&fixtures.join("secrets.json"))?,
        "hostile": [hostile],
    });
    Ok(cases.to_string())
}

/// What a script says of one kind of case.
#[derive(Deserialize)]
struct Outcome {
    kind: String,
    cases: usize,
    failed: Vec<String>,
}

fn report(runtime: &str, outcomes: &str) -> Result<()> {
    let outcomes: Vec<Outcome> =
        serde_json::from_str(outcomes).with_context(|| format!("{runtime} said {outcomes:?}"))?;
    for Outcome { kind, cases, failed } in &outcomes {
        println!("{runtime}: {kind}: {} of {cases} agree", cases - failed.len());
    }
    let failed: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.failed).collect();
    ensure!(failed.is_empty(), "these do not agree in {runtime}: {failed:?}");
    Ok(())
}

fn node(sh: &Shell, module: &Path, cases: &Path) -> Result<String> {
    cmd!(sh, "node --version").quiet().read().context(Missing("Node"))?;
    let script = javascript("node.mjs");
    Ok(cmd!(sh, "node {script} {module} {cases}").quiet().read()?)
}

fn workerd(sh: &Shell, folder: &Path, module: &Path, cases: &Path) -> Result<String> {
    let program = folder.join("node_modules/workerd/bin/workerd");
    // The runtime of Cloudflare's workers, by version and hash.
    for list in ["package.json", "package-lock.json"] {
        fs::copy(javascript(list), folder.join(list))?;
    }
    if !program.exists() {
        cmd!(
            sh,
            "npm ci --prefix {folder} --ignore-scripts --no-audit --no-fund --silent"
        )
        .run()
        .context(Missing("workerd"))?;
    }
    for script in ["cueapi-signing.mjs", "vectors.mjs", "worker.mjs"] {
        fs::copy(javascript(script), folder.join(script))?;
    }
    fs::copy(module, folder.join("cueapi_signing.wasm"))?;
    ensure!(cases.starts_with(folder), "workerd reads its files from one folder");
    fs::write(folder.join("config.capnp"), CONFIGURATION)?;

    let server = Server::start(&program, folder)?;
    let outcomes = server.request("GET", "", &[])?;
    ensure!(
        outcomes.status == 200,
        "workerd answered {}: {}",
        outcomes.status,
        outcomes.body
    );
    deliver(&server)?;
    Ok(outcomes.body)
}

/// Sends a captured delivery to the worker as the server did, and the same with a changed body.
fn deliver(server: &Server) -> Result<()> {
    let path = root().join("tests/fixtures/webhooks/alert-1.json");
    let delivery: Value = serde_json::from_slice(&fs::read(path)?)?;
    let header = |name: &str| delivery["headers"][name].as_str().unwrap_or_default().to_owned();
    let headers = ["x-cueapi-signature", "x-cueapi-timestamp"]
        .map(|name| format!("{name}: {}\r\n", header(name)))
        .concat();
    let body = delivery["body_text"].as_str().unwrap_or_default();
    for (body, status) in [(body.to_owned(), 200), (body.replacen("alert", "tread", 1), 401)] {
        let answer = server.request("POST", &headers, body.as_bytes())?;
        ensure!(
            answer.status == status,
            "workerd answered {} and not {status}: {}",
            answer.status,
            answer.body
        );
    }
    println!("workerd: a delivery by POST is accepted, and refused when it is changed");
    Ok(())
}

const CONFIGURATION: &str = r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "vectors.mjs", esModule = embed "vectors.mjs"),
    (name = "cueapi-signing.mjs", esModule = embed "cueapi-signing.mjs"),
    (name = "cueapi_signing.wasm", wasm = embed "cueapi_signing.wasm"),
    (name = "cases.json", json = embed "cases.json"),
  ],
  compatibilityDate = "2025-01-01",
);
"#;

/// A running workerd.
struct Server {
    child: Child,
    port: u16,
}

struct Answer {
    status: u16,
    body: String,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "config.capnp", "--control-fd=1"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start workerd")?;
        // It says on which port it listens, as soon as it does.
        let Some(stdout) = child.stdout.take() else {
            bail!("no pipe")
        };
        let mut line = String::new();
        let mut server = Self { child, port: 0 };
        BufReader::new(stdout).read_line(&mut line)?;
        let event: Value = serde_json::from_str(&line).with_context(|| format!("workerd said {line:?}"))?;
        server.port = event["port"]
            .as_u64()
            .and_then(|port| port.try_into().ok())
            .context("workerd has no port")?;
        Ok(server)
    }

    fn request(&self, method: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let length = body.len();
        write!(
            stream,
            "{method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n"
        )?;
        write!(stream, "{headers}\r\n")?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("workerd did not answer")?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .context("no status")?;
        Ok(Answer {
            status,
            body: body.to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
