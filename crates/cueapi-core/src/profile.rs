//! The credentials file of CueAPI's own tools: a key and a server under each profile's name.
//!
//! It is read and never written. [`ClientBuilder::from_profile`](crate::ClientBuilder::from_profile) looks for it where the
//! tools put it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{File, Metadata},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use serde_json::{Value, value::RawValue};

use crate::{
    auth::{ApiKey, erase},
    error::BuildError,
};

/// A file with more in it is not one of credentials.
const MAX_BYTES: usize = 1 << 20;

/// What a client needs of a profile.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) key: ApiKey,
    /// With `/v1` in files of the command line tool.
    pub(crate) base_url: Option<String>,
}

/// Where the tools keep the file, by the variables of the environment.
pub(crate) fn default_path(variable: impl Fn(&str) -> Option<OsString>, windows: bool) -> Result<PathBuf, BuildError> {
    // The specification of these variables says to ignore paths that are not absolute, empty ones among them.
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.has_root());
    let (folder, variables) = if windows {
        (folder("APPDATA"), "APPDATA")
    } else {
        let in_home = || Some(folder("HOME")?.join(".config"));
        (folder("XDG_CONFIG_HOME").or_else(in_home), "XDG_CONFIG_HOME or HOME")
    };
    let folder = folder.ok_or_else(|| {
        BuildError::new(format!(
            "the folder of the credentials file is not known: set {variables}, or name the file with from_credentials"
        ))
    })?;
    Ok(folder.join("cueapi").join("credentials.json"))
}

/// Reads a profile from a credentials file.
pub(crate) fn read(path: &Path, name: &str) -> Result<Profile, BuildError> {
    let text = text(path)?;
    let profile = find(&text, name, path);
    erase(text);
    profile
}

/// Finds a profile in the text of a credentials file, of whose other keys no copy is made.
fn find(text: &str, name: &str, path: &Path) -> Result<Profile, BuildError> {
    let shown = path.display();
    let profiles: BTreeMap<String, &RawValue> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            BuildError::new(format!(
                "the credentials file {shown} is not a JSON object of profiles (line {} column {}): correct it, or write it \
                 anew with `cueapi login`",
                error.line(),
                error.column()
            ))
        })?;
    let wanted = in_words(name);
    let profile = profiles.get(name).ok_or_else(|| {
        BuildError::new(format!(
            "the credentials file {shown} does not have {wanted}: name one that it has, or make it with `cueapi login`"
        ))
    })?;
    let mut profile: Value = serde_json::from_str(profile.get()).unwrap_or_default();
    let mut member = |member: &str| match profile.get_mut(member).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BuildError::new(format!(
            "in the credentials file {shown} the {member} of {wanted} is not a text: correct it"
        ))),
    };
    let key = member("api_key")?.ok_or_else(|| {
        BuildError::new(format!(
            "in the credentials file {shown} {wanted} has no api_key: make one with `cueapi login`"
        ))
    })?;
    Ok(Profile {
        key: ApiKey::from_text(key),
        base_url: member("api_base")?,
    })
}

/// A profile's name in an error; what looks like a key is not shown.
fn in_words(name: &str) -> String {
    if name.contains("cue_sk_") {
        return "a profile whose name is that key (pass the name of a profile, not a key)".to_owned();
    }
    format!("the profile {name:?}")
}

/// The text of a file that only its owner can read.
fn text(path: &Path) -> Result<String, BuildError> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let message = match error.kind() {
            ErrorKind::NotFound => {
                format!("there is no credentials file {shown}: make it with `cueapi login`, or give the client a key")
            }
            ErrorKind::InvalidData => {
                format!("the credentials file {shown} is not UTF-8: write it anew with `cueapi login`")
            }
            _ => format!("the credentials file {shown} cannot be read: check its permissions"),
        };
        BuildError::new(message).with_source(error)
    };
    // Before it is opened, since opening a pipe waits for its other end.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(BuildError::new(format!(
            "{shown} is not a file: name a credentials file"
        )));
    }
    let file = File::open(path).map_err(unreadable)?;
    if is_open_to_others(&file.metadata().map_err(unreadable)?) {
        return Err(BuildError::new(format!(
            "others can read or change the credentials file {shown}: take that away with `chmod 600`, and replace the key \
             if others may have read it"
        )));
    }
    // With room for all of it, since growing can leave copies behind.
    let mut text = String::with_capacity(MAX_BYTES + 1);
    file.take(MAX_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() > MAX_BYTES {
        return Err(BuildError::new(format!(
            "the credentials file {shown} has more than {MAX_BYTES} bytes: name a credentials file"
        )));
    }
    Ok(text)
}

/// Whether the group or everybody may read or write it.
#[cfg(unix)]
fn is_open_to_others(file: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o066 != 0
}

/// Elsewhere the standard library does not tell.
#[cfg(not(unix))]
fn is_open_to_others(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(windows: bool, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(own, _)| *own == name)?;
            Some(OsString::from(value))
        };
        default_path(variable, windows)
            .map(|path| path.display().to_string().replace('\\', "/"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_is_where_the_command_line_tool_puts_it() {
        let home = ("HOME", "/home/ada");
        assert_eq!(
            path(false, &[home]).unwrap(),
            "/home/ada/.config/cueapi/credentials.json"
        );
        let xdg = ("XDG_CONFIG_HOME", "/etc/ada");
        assert_eq!(path(false, &[home, xdg]).unwrap(), "/etc/ada/cueapi/credentials.json");
        for relative in ["", "config"] {
            let xdg = ("XDG_CONFIG_HOME", relative);
            assert_eq!(
                path(false, &[home, xdg]).unwrap(),
                "/home/ada/.config/cueapi/credentials.json"
            );
        }
        let appdata = ("APPDATA", "/Users/ada/AppData/Roaming");
        assert_eq!(
            path(true, &[home, appdata]).unwrap(),
            "/Users/ada/AppData/Roaming/cueapi/credentials.json"
        );
    }

    #[test]
    fn without_a_folder_the_error_says_which_variable_is_missing() {
        assert!(path(false, &[]).unwrap_err().contains("set XDG_CONFIG_HOME or HOME"));
        assert!(
            path(true, &[("HOME", "/home/ada")])
                .unwrap_err()
                .contains("set APPDATA")
        );
    }
}
