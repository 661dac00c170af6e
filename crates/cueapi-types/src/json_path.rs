//! Where in a JSON text a byte is, as a path such as `$.cues[3].name`: errors point at a field without showing the text.

use std::fmt::Write;

/// The path of the value that byte `at` belongs to or follows. Up to there the text must be well formed.
///
/// For the crates of this repository.
#[must_use]
pub fn at(text: &[u8], at: usize) -> String {
    let mut path = String::from("$");
    for step in steps(text, at) {
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Key(None) => Ok(()),
            Step::Key(Some(key)) => write!(path, ".{}", String::from_utf8_lossy(shown(key))),
            Step::Index(index) => write!(path, "[{index}]"),
        };
    }
    path
}

/// What is shown of a key: those of CueAPI are shorter, and a server's may be of any length.
fn shown(key: &[u8]) -> &[u8] {
    key.get(..64).unwrap_or(key)
}

enum Step<'a> {
    /// In an object: the last key, once it has been read.
    Key(Option<&'a [u8]>),
    /// In an array.
    Index(usize),
}

fn steps(text: &[u8], at: usize) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut i = 0;
    while let Some(byte) = text.get(i).filter(|_| i < at) {
        match byte {
            b'"' => {
                let end = string_end(text, i);
                if let Some(Step::Key(key @ None)) = steps.last_mut() {
                    *key = text.get(i + 1..end - 1);
                }
                i = end;
                continue;
            }
            b'{' => steps.push(Step::Key(None)),
            b'[' => steps.push(Step::Index(0)),
            b'}' | b']' => {
                steps.pop();
            }
            b',' => match steps.last_mut() {
                Some(Step::Key(key)) => *key = None,
                Some(Step::Index(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
        i += 1;
    }
    steps
}

/// The byte after the string that opens at `open`.
fn string_end(text: &[u8], open: usize) -> usize {
    let mut i = open + 1;
    while let Some(byte) = text.get(i) {
        match byte {
            b'"' => return i + 1,
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    text.len().max(open + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_text_has_a_path() {
        let text = br#"{"a":[1,{"b":"x,{\"y","c":[[2]]}],"d":3}"#;
        for (byte, path) in [
            ("{", "$"),
            ("1", "$.a[0]"),
            ("x", "$.a[1].b"),
            ("2", "$.a[1].c[0][0]"),
            ("3", "$.d"),
        ] {
            let place = text.iter().position(|b| *b == byte.as_bytes()[0]).unwrap();
            assert_eq!(at(text, place), path);
        }
        assert_eq!(at(text, text.len()), "$");
    }

    #[test]
    fn a_text_that_breaks_off_has_one_too() {
        for text in ["", "\"", "{\"", "{\"a\\", "[[[", "}}]],,"] {
            for place in 0..=text.len() + 2 {
                assert!(at(text.as_bytes(), place).starts_with('$'));
            }
        }
    }
}
