//! Test vectors for signing, made by CPython, and the comparison of the canonical form with CPython's own.
#![expect(clippy::print_stdout, reason = "what the command reports")]

mod check;
mod generate;
mod oracle;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cueapi_signing::canonical::{self, CanonicalError, MAX_DEPTH};

use check::{Cases, read};
use generate::Question;
use oracle::{Answer, Kind, Oracle};

/// Make or check the signing vectors in tests/fixtures/vectors.
///
/// Without an option: have CPython answer every case anew, and write the files.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Compare with CPython over this many generated and mutated texts.
    #[arg(long, value_name = "N")]
    differential: Option<usize>,
    /// What to begin the generator with; the default is another one each time.
    #[arg(long, requires = "differential")]
    seed: Option<u64>,
    /// Run the cases in a file, in the format of canonical.json or verify.json.
    #[arg(long, value_name = "FILE", conflicts_with = "differential")]
    check: Vec<PathBuf>,
    /// The interpreter to ask.
    #[arg(long, default_value = "python3")]
    python: String,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        if let Some(count) = self.differential {
            return differential(&self.python, count, self.seed.unwrap_or_else(|| fastrand::u64(..)));
        }
        if self.check.is_empty() {
            return fixtures().try_for_each(|path| regenerate(&self.python, &path));
        }
        let disagreeing = self
            .check
            .iter()
            .map(|path| check::run(path))
            .collect::<Result<Vec<_>>>()?;
        if disagreeing.iter().any(|count| *count > 0) {
            bail!("not all cases agree");
        }
        Ok(())
    }
}

fn fixtures() -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors");
    ["canonical.json", "verify.json"]
        .map(|name| folder.join(name))
        .into_iter()
}

fn regenerate(python: &str, path: &Path) -> Result<()> {
    let mut cases = read(path)?;
    let oracle = Oracle::start(python)?;
    let questions = cases.questions()?;
    let mut answers = Vec::new();
    oracle.ask(questions.into_iter(), |_, answer| {
        answers.push(answer);
        Ok(())
    })?;
    cases.answer(answers)?;
    std::fs::write(path, cases.to_text()?).with_context(|| path.display().to_string())?;
    println!("{}: {} cases", path.display(), cases.len());
    Ok(())
}

fn differential(python: &str, count: usize, seed: u64) -> Result<()> {
    let oracle = Oracle::start(python)?;
    if oracle.depth_limit != MAX_DEPTH {
        println!(
            "this Python nests {} deep; texts nested deeper than {MAX_DEPTH} are not compared",
            oracle.depth_limit
        );
    }
    let corpus = fixtures().map(|path| read(&path)).collect::<Result<Vec<_>>>()?;
    let corpus = corpus.iter().map(Cases::texts).collect::<Result<Vec<_>>>()?.concat();
    let depth_limit = oracle.depth_limit;

    println!("comparing {count} texts with {python}, seed {seed}");
    let begin = Instant::now();
    let (mut done, mut refused) = (0_usize, 0_usize);
    oracle.ask(generate::questions(seed, corpus).take(count), |question, theirs| {
        let ours = answer(&question);
        if ours != theirs && !is_matter_of_stack(&question, &ours, &theirs, depth_limit) {
            bail!(
                "text {done} of seed {seed} differs\n{}",
                Difference {
                    question: &question,
                    ours,
                    theirs
                }
            );
        }
        if let Ok(ours) = ours {
            check_forms(&question, &ours)?;
        } else {
            refused += 1;
        }
        done += 1;
        Ok(())
    })?;
    println!(
        "{done} of {count} agree ({refused} of them refused by both), {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Whether an answer differs only in where Python's stack ends: later than ours, from 3.12 on; or a few containers earlier,
/// where keys are compared, or an exception is made, at the bottom of it.
fn is_matter_of_stack(question: &Question, ours: &Answer, theirs: &Answer, depth_limit: usize) -> bool {
    let too_deep = |answer: &Answer| answer.as_deref() == Err(&"RecursionError".to_owned());
    match (too_deep(ours), too_deep(theirs)) {
        (false, true) => nesting(&question.text) + 4 > MAX_DEPTH,
        (true, false) => depth_limit > MAX_DEPTH,
        _ => false,
    }
}

/// How deep containers are nested in a text.
fn nesting(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut string, mut escape) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escape => escape = false,
            b'\\' => escape = true,
            b'"' => string = !string,
            b'[' | b'{' if !string => depth += 1,
            b']' | b'}' if !string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What we say, in the oracle's words.
fn answer(question: &Question) -> Answer {
    let canonical = match question.kind {
        Kind::Text => canonical::to_vec(text(question)),
        Kind::Utf8 => canonical::to_utf8_vec(text(question)),
        Kind::Bytes | Kind::Verify => canonical::to_vec(&question.text),
    };
    canonical.map_err(|error| exception(error).to_owned())
}

fn text(question: &Question) -> &str {
    std::str::from_utf8(&question.text).unwrap_or_default()
}

/// What else must hold of a canonical form.
fn check_forms(question: &Question, canonical: &[u8]) -> Result<()> {
    if question.kind != Kind::Utf8 {
        let mut streamed = Vec::new();
        match question.kind {
            Kind::Text => canonical::stream(text(question), |piece| streamed.extend_from_slice(piece))?,
            _ => canonical::stream(&question.text, |piece| streamed.extend_from_slice(piece))?,
        }
        if streamed != canonical {
            bail!("streamed, the form of {} is {}", show(&question.text), show(&streamed));
        }
    }
    // Bytes may hold two halves of a surrogate pair that are not one character, but are in the canonical form.
    if question.kind == Kind::Text && canonical::to_vec(canonical)? != canonical {
        bail!("the canonical form of {} is not canonical itself", show(&question.text));
    }
    Ok(())
}

/// The exception that Python raises where we have an error.
fn exception(error: CanonicalError) -> &'static str {
    match error {
        CanonicalError::Encoding => "UnicodeDecodeError",
        CanonicalError::IntegerTooLong => "ValueError",
        CanonicalError::TooDeep => "RecursionError",
        CanonicalError::LoneSurrogate => "UnicodeEncodeError",
        _ => "JSONDecodeError",
    }
}

struct Difference<'a> {
    question: &'a Question,
    ours: Answer,
    theirs: Answer,
}

impl std::fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let answer = |answer: &Answer| answer.as_deref().map_or_else(Clone::clone, show);
        writeln!(f, "asked  ({:?}) {}", self.question.kind, show(&self.question.text))?;
        writeln!(f, "Python {}", answer(&self.theirs))?;
        write!(f, "we     {}", answer(&self.ours))?;
        if let (Ok(ours), Ok(theirs)) = (&self.ours, &self.theirs) {
            let common = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            let around = |text: &[u8]| show(&text[common.saturating_sub(40)..text.len().min(common + 40)]);
            write!(
                f,
                "\nthey part at byte {common}\nPython …{}…\nwe     …{}…",
                around(theirs),
                around(ours)
            )?;
        }
        Ok(())
    }
}

fn show(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}
