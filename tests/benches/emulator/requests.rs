//! What a request costs the server: the emulator beside a trivial FastAPI application that answers the same JSON.
//!
//! Each server has one core, the client has the other, and they take turns. Processor time is what is compared: how many requests
//! a second come of it depends on what else the machine does, and on the client.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use core_affinity::CoreId;
use cueapi_emulator::{Emulator, engine::Limits};
use cueapi_reqwest::types::{Callback, Schedule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;

/// The application: a constant, as small as FastAPI allows.
const APPLICATION: &str = r#"
import json, pathlib, socket, sys
import fastapi, uvicorn

CUE = json.loads(pathlib.Path("cue.json").read_text())
app = fastapi.FastAPI()

@app.get("/v1/cues/{cue_id}")
async def get_cue(cue_id: str):
    return CUE

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="critical", access_log=False, http=sys.argv[1],
                        loop="uvloop" if sys.argv[1] == "httptools" else "asyncio")
uvicorn.Server(config).run(sockets=[listener])
"#;

/// How the application is served: as `pip install uvicorn` gives it, and with everything in C that it can use.
const SERVERS: [(&str, &str); 2] = [
    ("FastAPI under uvicorn", "h11"),
    ("FastAPI under uvicorn[standard]", "httptools"),
];

pub(crate) fn measure(thorough: bool) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let (client_core, server_core) = (cores.first().copied(), cores.last().copied());
    let ours = emulator(server_core);
    if let Some(core) = client_core {
        core_affinity::set_for_current(core);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let round = Duration::from_millis(if thorough { 2_000 } else { 50 });
    let body = runtime.block_on(requests(&ours, round / 10)).body;
    let mut pythons = Vec::new();
    for (name, http) in SERVERS.iter().filter(|_| thorough) {
        match Python::start(&body, http, server_core) {
            Ok(python) => pythons.push((*name, python)),
            Err(why) => println!("{name} was not measured: {why}"),
        }
    }

    let mut times = vec![Vec::new(); 1 + pythons.len()];
    for _ in 0..ROUNDS {
        times[0].push(runtime.block_on(requests(&ours, round)).micros);
        for ((_, python), times) in pythons.iter().zip(&mut times[1..]) {
            times.push(runtime.block_on(requests(&python.target, round)).micros);
        }
    }
    println!(
        "GET /v1/cues/{{id}}, {} bytes, {CONNECTIONS} connections; processor time of the server, system calls included \
         (medians of {ROUNDS} rounds in turn):",
        body.len()
    );
    let times: Vec<f64> = times.into_iter().map(median).collect();
    let names = ["the emulator"]
        .into_iter()
        .chain(pythons.iter().map(|(name, _)| *name));
    for (name, micros) in names.zip(&times) {
        println!(
            "  {name:32} {micros:6.1} µs a request, {:6.0} requests a second on one core, {:4.1} times the emulator's time",
            1e6 / micros,
            micros / times[0]
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Where to send a request, its text, and where the system says how long the server has run.
struct Target {
    address: SocketAddr,
    request: String,
    schedstat: PathBuf,
}

impl Target {
    /// The processor time of the server so far, in nanoseconds.
    fn processor_time(&self) -> f64 {
        let text = fs::read_to_string(&self.schedstat).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|nanos| nanos.parse().ok())
            .unwrap_or_default()
    }
}

/// What came of a round.
struct Round {
    body: Vec<u8>,
    /// Processor time of the server for one request.
    micros: f64,
}

/// Starts an emulator on a core of its own, with a cue to ask for.
fn emulator(core: Option<CoreId>) -> Target {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        core.map(core_affinity::set_for_current);
        let schedstat = Path::new("/proc")
            .join(fs::read_link("/proc/thread-self").unwrap_or_default())
            .join("schedstat");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let emulator = Emulator::builder().limits(Limits::unlimited()).start().await.unwrap();
            let client = cueapi_reqwest::builder(emulator.api_key())
                .base_url(emulator.base_url())
                .build()
                .unwrap();
            let schedule = Schedule::cron("0 9 * * *").timezone("America/Los_Angeles");
            let callback = Callback::new("https://api.example.com/sync");
            let cue = client.cues().create("daily-sync", schedule, callback).await.unwrap();
            let request = format!(
                "GET /v1/cues/{} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
                cue.id,
                emulator.api_key()
            );
            tell.send(Target {
                address: emulator.address(),
                request,
                schedstat,
            })
            .unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

/// Sends requests over all connections for a while.
async fn requests(target: &Target, time: Duration) -> Round {
    let end = Instant::now() + time;
    let started = target.processor_time();
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(converse(target.address, target.request.clone(), end));
    }
    let ended = connections.join_all().await;
    let count: usize = ended.iter().map(|(_, count)| count).sum();
    let micros = (target.processor_time() - started) / 1e3 / count as f64;
    let (body, _) = ended.into_iter().next().unwrap();
    Round { body, micros }
}

async fn converse(address: SocketAddr, request: String, end: Instant) -> (Vec<u8>, usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 16 << 10];
    let (mut count, mut body) = (0, Vec::new());
    while Instant::now() < end {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server hung up");
            filled += read;
            if let Some(start) = complete(&buffer[..filled]) {
                if count == 0 {
                    body = buffer[start..filled].to_vec();
                }
                break;
            }
        }
        count += 1;
    }
    (body, count)
}

/// Where the body of a whole response begins.
fn complete(text: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = response.parse(text).unwrap() else {
        return None;
    };
    assert_eq!(response.code, Some(200));
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = std::str::from_utf8(length.unwrap().value).unwrap().parse().unwrap();
    (text.len() >= start + length).then_some(start)
}

/// A FastAPI application on a core of its own.
struct Python {
    process: Child,
    target: Target,
}

impl Python {
    /// Installs FastAPI and uvicorn from PyPI where they are not there yet.
    fn start(cue: &[u8], http: &str, core: Option<CoreId>) -> Result<Self, String> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fastapi");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        if !folder.join("fastapi").exists() {
            let install = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--upgrade",
                "--target",
                ".",
                "fastapi",
                "uvicorn[standard]",
            ];
            let status = python(&folder)
                .args(install)
                .status()
                .map_err(|error| format!("python3: {error}"))?;
            if !status.success() {
                return Err("FastAPI could not be installed from PyPI".into());
            }
        }
        fs::write(folder.join("cue.json"), cue).map_err(|error| error.to_string())?;
        let mut command = python(&folder);
        command.args(["-c", APPLICATION, http]).stdout(Stdio::piped());
        // A process is on the core of the thread that starts it.
        let mut process = thread::spawn(move || {
            core.map(core_affinity::set_for_current);
            command.spawn()
        })
        .join()
        .unwrap()
        .map_err(|error| error.to_string())?;
        let mut line = String::new();
        let out = process.stdout.as_mut().unwrap();
        BufReader::new(out)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let port: u16 = line.trim().parse().map_err(|_| "uvicorn did not start".to_owned())?;
        let target = Target {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            request: "GET /v1/cues/cue_000000000000 HTTP/1.1\r\nhost: localhost\r\n\r\n".into(),
            schedstat: format!("/proc/{}/schedstat", process.id()).into(),
        };
        Ok(Self { process, target })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn python(folder: &Path) -> Command {
    let mut python = Command::new("python3");
    python.current_dir(folder).env("PYTHONPATH", folder);
    python
}
