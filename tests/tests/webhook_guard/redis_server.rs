//! A Redis server of its own for a test.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};

/// Listens on a socket in a directory of its own, and ends with the test.
pub(crate) struct RedisServer {
    process: Child,
    directory: PathBuf,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("cueapi-redis-{}-{count}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let process = spawn(&directory).unwrap();
        let server = Self { process, directory };
        server.listens().await;
        server
    }

    /// Starts the server anew, without what it knew.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(&self.directory).unwrap();
        self.listens().await;
    }

    async fn listens(&self) {
        let started = Instant::now();
        while self.try_connect().await.is_none() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "redis-server does not listen"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A connection that comes back.
    pub(crate) async fn manager(&self) -> ConnectionManager {
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(5)));
        self.client().get_connection_manager_with_config(config).await.unwrap()
    }

    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        self.try_connect().await.unwrap()
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn try_connect(&self) -> Option<MultiplexedConnection> {
        self.client().get_multiplexed_async_connection().await.ok()
    }

    fn client(&self) -> redis::Client {
        let url = format!("redis+unix://{}", self.directory.join("socket").display());
        redis::Client::open(url).unwrap()
    }
}

fn spawn(directory: &Path) -> io::Result<Child> {
    let arguments = [
        "--port",
        "0",
        "--save",
        "",
        "--appendonly",
        "no",
        "--unixsocket",
        "socket",
    ];
    Command::new("redis-server")
        .args(arguments)
        .current_dir(directory)
        .stdout(Stdio::null())
        .spawn()
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}
