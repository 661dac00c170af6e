//! CPython as an oracle: a process that is asked many questions at once.

use std::io::{BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, sync_channel};
use std::thread;

use anyhow::{Context, Result, bail};
use cueapi_signing::canonical::MAX_DEPTH;

/// What is asked about a text; the discriminant is how the script calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The canonical form of bytes.
    Bytes = b'b' as isize,
    /// The canonical form of a text.
    Text = b't' as isize,
    /// The canonical form of a text, with characters as they are.
    Utf8 = b'u' as isize,
    /// What `verify_webhook` says of a delivery, which is described in JSON.
    Verify = b'v' as isize,
}

/// What CPython says: a result, or the name of the exception that it raised.
pub(super) type Answer = Result<Vec<u8>, String>;

/// A running interpreter.
pub(super) struct Oracle {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// How deep containers may be nested there.
    pub(super) depth_limit: usize,
}

impl Oracle {
    pub(super) fn start(python: &str) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", include_str!("oracle.py"), &MAX_DEPTH.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {python}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("no pipes")
        };
        let mut output = BufReader::new(output);
        let Ok(hello) = read(&mut output)? else {
            bail!("the oracle did not start")
        };
        let depth_limit = u32::from_le_bytes(hello.as_slice().try_into()?);
        Ok(Self {
            child,
            input: BufWriter::new(input),
            output,
            depth_limit: usize::try_from(depth_limit)?,
        })
    }

    /// Asks all questions, and hands each with its answer to `judge`, until that fails.
    pub(super) fn ask<Q>(
        self,
        questions: impl Iterator<Item = Q> + Send,
        mut judge: impl FnMut(Q, Answer) -> Result<()>,
    ) -> Result<()>
    where
        Q: AsRef<[u8]> + Asks + Send,
    {
        let Self {
            mut child,
            mut input,
            mut output,
            ..
        } = self;
        thread::scope(|scope| {
            // Bounded, so that questions do not pile up while Python thinks.
            let (sender, asked): (_, Receiver<Q>) = sync_channel(10_000);
            let asking = scope.spawn(move || -> Result<()> {
                for question in questions {
                    write(&mut input, question.kind(), question.as_ref())?;
                    if sender.send(question).is_err() {
                        break;
                    }
                }
                Ok(input.flush()?)
            });
            let judged = judge_all(&asked, &mut output, &mut judge);
            drop(asked);
            if judged.is_err() {
                child.kill()?;
            }
            let wrote = asking.join().unwrap_or_else(|_| bail!("the thread that asks panicked"));
            judged.and(wrote)
        })?;
        child.wait()?;
        Ok(())
    }
}

/// Something that can be asked.
pub(super) trait Asks {
    fn kind(&self) -> Kind;
}

fn judge_all<Q>(
    asked: &mpsc::Receiver<Q>,
    output: &mut impl Read,
    judge: &mut impl FnMut(Q, Answer) -> Result<()>,
) -> Result<()> {
    for question in asked {
        judge(question, read(output)?)?;
    }
    Ok(())
}

fn write(to: &mut impl Write, kind: Kind, data: &[u8]) -> Result<()> {
    to.write_all(&[kind as u8])?;
    to.write_all(&u32::try_from(data.len())?.to_le_bytes())?;
    Ok(to.write_all(data)?)
}

fn read(from: &mut impl Read) -> Result<Answer> {
    let mut header = [0; 5];
    from.read_exact(&mut header).context("the oracle is gone")?;
    let [kind, length @ ..] = header;
    let mut data = vec![0; usize::try_from(u32::from_le_bytes(length))?];
    from.read_exact(&mut data)?;
    Ok(if kind == b'=' {
        Ok(data)
    } else {
        Err(String::from_utf8(data)?)
    })
}
