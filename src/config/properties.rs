//! The librdkafka properties of `[kafka.properties]`: their names, the secrets among them, secrets from files.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::owned;
use super::problem::{Cause, nearest_property};
use super::reader::Reader;
use super::source::{Kind, Leaf, env_name};

/// Asks whether librdkafka takes this value for this property; the error says what it would take.
pub type PropertyCheck = fn(name: &str, value: &str) -> Result<(), String>;

/// Where the properties are in the file, with the final dot.
pub(super) const SECTION: &str = "kafka.properties.";

/// What `"sasl.password_file"` has over `"sasl.password"`: the value is the path of a file that holds the secret.
const FILE_SUFFIX: &str = "_file";

/// More is no secret: a key with its chain of certificates has some thousands.
const SECRET_BYTES_MAX: u64 = 65_536;

/// Shown instead of a secret.
const MASK: &str = "********";

/// Properties that are handed to librdkafka as they are.
#[derive(Clone, PartialEq, Default)]
pub struct Properties(BTreeMap<String, Property>);

/// One value.
#[derive(Clone, PartialEq)]
pub struct Property {
    value: String,
    file: Option<PathBuf>,
}

/// The two kinds of client that librdkafka knows. Each warns about properties that only the other one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A consumer.
    Consumer,
    /// A producer; an admin client is one too.
    Producer,
}

impl Properties {
    /// Names and values for one kind of client.
    pub fn for_client(&self, kind: ClientKind) -> impl Iterator<Item = (&str, &str)> {
        let other = match kind {
            ClientKind::Consumer => 'P',
            ClientKind::Producer => 'C',
        };
        let properties = self.0.iter();
        properties
            .filter(move |(name, _)| KNOWN.get(name.as_str()) != Some(&other))
            .map(|(name, property)| (name.as_str(), property.value.as_str()))
    }

    /// The value of one property, secrets in clear.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|property| property.value.as_str())
    }

    /// Names and values to be shown: of a secret its file, or a mask.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&str, String, String)> {
        self.0.iter().map(|(name, property)| match &property.file {
            Some(file) => (name.as_str(), format!("{name}{FILE_SUFFIX}"), file.display().to_string()),
            None if is_secret(name) => (name.as_str(), name.clone(), MASK.to_owned()),
            None => (name.as_str(), name.clone(), property.value.clone()),
        })
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown().map(|(_, key, value)| (key, value))).finish()
    }
}

/// The names of all properties that librdkafka has, those that waid owns included.
pub fn all_properties() -> impl Iterator<Item = &'static str> {
    KNOWN.keys().copied()
}

/// By name, the clients that take it: `C`, `P`, or `*` for both.
static KNOWN: LazyLock<BTreeMap<&'static str, char>> = LazyLock::new(|| {
    include_str!("librdkafka_properties.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some((line.get(2..)?, line.chars().next()?)))
        .collect()
});

/// The property that the end of a variable's name means: `SASL_PASSWORD` is `sasl.password`. Some properties end in
/// `.file` themselves; else `_FILE` is the suffix that reads a secret from a file.
pub(super) fn name_of_env(key: &str) -> String {
    let dotted = |key: &str| key.replace('_', ".").to_lowercase();
    if let Some(known) = all_properties().find(|name| name.replace('.', "_").eq_ignore_ascii_case(key)) {
        return known.to_owned();
    }
    match key.strip_suffix("_FILE") {
        Some(secret) => format!("{}{FILE_SUFFIX}", dotted(secret)),
        None => dotted(key),
    }
}

/// Takes all properties, telling those that are unknown, owned, unreadable or refused by librdkafka.
pub(super) fn read(reader: &mut Reader, check: PropertyCheck) -> Properties {
    let mut properties = Properties::default();
    for (path, leaf) in reader.take_below(SECTION) {
        let given = &path[SECTION.len()..];
        let (name, is_file) = match given.strip_suffix(FILE_SUFFIX) {
            Some(name) => (name, true),
            None => (given, false),
        };
        reader.set_origin(path.clone(), leaf.origin.clone());
        let shown = (is_file || !is_secret(name)).then(|| leaf.to_string());
        match judge_name(name, &leaf).and_then(|()| value_of(name, is_file, &leaf, check)) {
            Ok(property) => insert(&mut properties, reader, name, property, &leaf),
            Err(cause @ (Cause::UnknownProperty(_) | Cause::Owned(_))) => reader.problem(&path, None, cause),
            Err(cause) => reader.problem(&path, shown, cause),
        }
    }
    properties
}

fn judge_name(name: &str, leaf: &Leaf) -> Result<(), Cause> {
    if let Some(reason) = owned::reason(name) {
        return Err(Cause::Owned(reason));
    }
    if KNOWN.contains_key(name) {
        return Ok(());
    }
    let settable = all_properties().filter(|name| owned::reason(name).is_none());
    let nearest = nearest_property(name, settable);
    let in_file = |nearest: String| format!("{nearest:?}");
    let in_env = |nearest: String| env_name(&format!("{SECTION}{nearest}"));
    let spelled = if leaf.is_env() { nearest.map(in_env) } else { nearest.map(in_file) };
    Err(Cause::UnknownProperty(spelled))
}

fn value_of(name: &str, is_file: bool, leaf: &Leaf, check: PropertyCheck) -> Result<Property, Cause> {
    match leaf.kind {
        Kind::Text => {}
        Kind::Integer | Kind::Float | Kind::Boolean if !is_file => {}
        kind => {
            let expected = if is_file { "the path of a file in quotes" } else { "a text in quotes" };
            return Err(Cause::WrongType { expected, found: kind.name() });
        }
    }
    let property = if is_file {
        let file = PathBuf::from(&leaf.text);
        Property { value: read_secret(&file)?, file: Some(file) }
    } else {
        Property { value: leaf.text.clone(), file: None }
    };
    check(name, &property.value).map_err(|why| {
        let is_shown = !is_secret(name) && !is_file;
        Cause::Invalid(if is_shown {
            format!("librdkafka refuses it: {why}")
        } else {
            "librdkafka refuses this value, which is not shown".to_owned()
        })
    })?;
    check_location(name, &property.value)?;
    Ok(property)
}

/// A certificate or key that librdkafka reads must be there: it says so only when a client starts, and not which one is missing.
fn check_location(name: &str, value: &str) -> Result<(), Cause> {
    let is_read = name.starts_with("ssl.") && name.ends_with(".location") && value != "probe";
    match std::fs::metadata(value) {
        Err(error) if is_read => Err(Cause::Invalid(format!("it cannot be read: {error}"))),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn read_secret(file: &Path) -> Result<String, Cause> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| Cause::Invalid(format!("the file cannot be read: {error}")))?;
    match text.trim() {
        _ if text.len() as u64 > SECRET_BYTES_MAX => Err(Cause::Invalid(format!("the file has more than {SECRET_BYTES_MAX} bytes"))),
        "" => Err(Cause::Invalid("the file is empty".to_owned())),
        secret => Ok(secret.to_owned()),
    }
}

/// A property may come as `name` and as `name_file`: the environment goes over the file; within one it is a mistake.
fn insert(properties: &mut Properties, reader: &mut Reader, name: &str, property: Property, leaf: &Leaf) {
    let path = format!("{SECTION}{name}");
    let twin = properties.0.get(name).map(|twin| {
        let suffix = if twin.file.is_some() { FILE_SUFFIX } else { "" };
        reader.origin(&format!("{path}{suffix}"))
    });
    let twin_is_env = twin.as_ref().map(|origin| matches!(origin, super::Origin::Env(_)));
    match twin_is_env {
        Some(is_env) if is_env == leaf.is_env() => {
            let why = format!("{name} and {name}{FILE_SUFFIX} are both set; keep one");
            reader.problem(&path, None, Cause::Clash(why));
        }
        Some(true) => {}
        Some(false) | None => {
            properties.0.insert(name.to_owned(), property);
        }
    }
}

/// Whether a property holds a secret.
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 5] = ["password", "passphrase", "secret", "key.pem", "sasl.oauthbearer.config"];
    PARTS.iter().any(|part| name.contains(part))
}
