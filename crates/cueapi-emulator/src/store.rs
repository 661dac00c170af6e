//! State that outlives the process: the engine's rows in an SQLite database.
//!
//! Each command is a transaction, written before its answer goes out. The write-ahead log survives the process, however it
//! ends; only a machine that loses power may forget the last moments.

use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    engine::{Change, Engine, RestoreError, SavedRow},
    shared::Save,
};

const FILE: &str = "emulator.db";
/// What this version writes. A database with another number is not touched.
const FORMAT: i32 = 1;

pub(crate) struct Store(Connection);

/// What was found in a directory.
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// `None` in a directory that had no database.
    pub(crate) engine: Option<Engine>,
    /// Where a held clock stood.
    pub(crate) clock: Option<Timestamp>,
}

/// Why a directory cannot be used.
#[derive(Debug)]
pub(crate) enum OpenError {
    Directory(io::Error),
    /// Others can read it, and it has other uses.
    Shared,
    InUse,
    Foreign,
    Format(i32),
    Database(rusqlite::Error),
    Rows(RestoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(_) => f.write_str("it cannot be made, or not be made its owner's alone"),
            Self::Shared => f.write_str(
                "other users can look into it, and it holds other files; use a directory of its own, or `chmod 700` it",
            ),
            Self::InUse => f.write_str("another emulator is using it"),
            Self::Foreign => write!(f, "{FILE} is a database of something else; use another directory"),
            Self::Format(found) => write!(
                f,
                "its database has format {found}, this version reads format {FORMAT}; use another directory"
            ),
            Self::Database(_) => write!(f, "{FILE} cannot be opened"),
            Self::Rows(_) => write!(
                f,
                "{FILE} cannot be read; use another directory, or delete it to begin anew"
            ),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Directory(source) => Some(source),
            Self::Database(source) => Some(source),
            Self::Rows(source) => Some(source),
            Self::Shared | Self::InUse | Self::Foreign | Self::Format(_) => None,
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Database(error),
        }
    }
}

impl Store {
    pub(crate) fn open(directory: &Path) -> Result<Opened, OpenError> {
        let connection = Connection::open(prepare(directory)?)?;
        // Exclusive: a second emulator on the same directory is told so, here and at once.
        connection.busy_timeout(Duration::ZERO)?;
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             BEGIN IMMEDIATE;
             COMMIT;",
        )?;
        let format = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let (engine, clock) = match format {
            0 => {
                if connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)) != Ok(0) {
                    return Err(OpenError::Foreign);
                }
                connection.execute_batch(&format!(
                    "BEGIN;
                     CREATE TABLE rows (kind TEXT, key TEXT, row TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
                     CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 0), now TEXT NOT NULL);
                     PRAGMA user_version = {FORMAT};
                     COMMIT;"
                ))?;
                (None, None)
            }
            FORMAT => (load(&connection)?, load_clock(&connection)?),
            other => return Err(OpenError::Format(other)),
        };
        Ok(Opened {
            store: Self(connection),
            engine,
            clock,
        })
    }
}

impl Save for Store {
    fn save(&mut self, changes: &[Change], clock: Option<Timestamp>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let transaction = self.0.transaction()?;
        {
            let mut put = transaction.prepare_cached("REPLACE INTO rows (kind, key, row) VALUES (?, ?, ?)")?;
            let mut delete = transaction.prepare_cached("DELETE FROM rows WHERE kind = ? AND key = ?")?;
            for Change { table, key, row } in changes {
                match row {
                    Some(row) => put.execute(params![table, key, row])?,
                    None => delete.execute(params![table, key])?,
                };
            }
        }
        if let Some(now) = clock {
            transaction.execute("REPLACE INTO clock (id, now) VALUES (0, ?)", [now.to_string()])?;
        }
        Ok(transaction.commit()?)
    }
}

/// Makes the directory and the file, for their owner only: the database holds keys, secrets and payloads.
fn prepare(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join(FILE);
    let mut folder = fs::DirBuilder::new();
    let mut file = fs::OpenOptions::new();
    folder.recursive(true);
    file.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    }
    folder.create(directory).map_err(OpenError::Directory)?;
    #[cfg(unix)]
    tighten(directory)?;
    file.open(&path).map_err(OpenError::Directory)?;
    Ok(path)
}

/// Takes from others what they may do with a directory and a database that were there before.
#[cfg(unix)]
fn tighten(directory: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt as _;

    let close = |path: &Path, mode| {
        let now = fs::metadata(path)?.permissions().mode();
        if now & 0o077 == 0 {
            return Ok(());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(OpenError::Directory)?;
    let (ours, others): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|entry| entry.file_name().to_string_lossy().starts_with(FILE));
    let open = fs::metadata(directory)
        .map_err(OpenError::Directory)?
        .permissions()
        .mode()
        & 0o077
        != 0;
    // Somebody's home or /tmp is not this program's to close.
    if open && !others.is_empty() {
        return Err(OpenError::Shared);
    }
    close(directory, 0o700).map_err(OpenError::Directory)?;
    for entry in ours {
        close(&entry.path(), 0o600).map_err(OpenError::Directory)?;
    }
    Ok(())
}

fn load(connection: &Connection) -> Result<Option<Engine>, OpenError> {
    let mut statement = connection.prepare("SELECT kind, key, row FROM rows")?;
    let rows = statement.query_map([], |row| {
        Ok(SavedRow {
            table: row.get(0)?,
            key: row.get(1)?,
            row: row.get(2)?,
        })
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Ok(None);
    }
    Engine::restore(rows).map(Some).map_err(OpenError::Rows)
}

fn load_clock(connection: &Connection) -> Result<Option<Timestamp>, OpenError> {
    let text: Option<String> = connection
        .query_row("SELECT now FROM clock", [], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}
