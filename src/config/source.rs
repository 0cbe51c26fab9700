//! The file and the environment as a flat list of values, each with its path and origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Cause, Origin, Problem, Problems};
use super::properties::{self, PropertyCheck};

/// What a configuration is read from. Not to be printed: the environment holds secrets.
pub struct Sources {
    /// The file, if there is one.
    pub file: Option<FileText>,
    /// Every environment variable of the process; those that begin with `WAID__` count, and those that nearly do are looked at.
    pub env: Vec<(String, String)>,
    /// Asks librdkafka whether it takes this value for this property, which the list of names cannot tell.
    pub check_property: PropertyCheck,
}

/// A file that was read.
pub struct FileText {
    /// As it was named, for messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Sources {
    /// Reads the file, if one is named, and the environment of this process.
    pub fn of_process(file: Option<&Path>, check_property: PropertyCheck) -> Result<Self, Problems> {
        let file = file.map(FileText::read).transpose()?;
        let env =
            std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())).collect();
        Ok(Self { file, env, check_property })
    }

    /// The values by path, those of the environment over those of the file.
    pub(super) fn leaves(&self) -> (BTreeMap<String, Leaf>, Vec<Problem>) {
        let mut leaves = BTreeMap::new();
        let mut problems = Vec::new();
        if let Some(file) = &self.file {
            match file.leaves() {
                Ok(found) => leaves.extend(found),
                Err(Problems(found)) => problems = found,
            }
        }
        for (name, value) in &self.env {
            if let Some(path) = env_path(name) {
                let origin = Origin::Env(name.clone());
                leaves.insert(path, Leaf::new(Kind::Text, value.clone(), origin));
            }
        }
        (leaves, problems)
    }
}

/// One value, not yet read as what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub kind: Kind,
    pub text: String,
    pub origin: Origin,
}

/// What TOML says a value is; a variable is always a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Float,
    Boolean,
    Time,
    Array,
    EmptyTable,
}

impl Leaf {
    fn new(kind: Kind, text: String, origin: Origin) -> Self {
        Self { kind, text, origin }
    }

    pub fn is_env(&self) -> bool {
        matches!(self.origin, Origin::Env(_))
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Text => write!(f, "{:?}", self.text),
            Kind::EmptyTable => f.write_str("{}"),
            Kind::Integer | Kind::Float | Kind::Boolean | Kind::Time | Kind::Array => f.write_str(&self.text),
        }
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Float => "a fraction",
            Self::Boolean => "true or false",
            Self::Time => "a date or time",
            Self::Array => "a list",
            Self::EmptyTable => "a table",
        }
    }
}

/// The variable that sets a path: `WAID__JOIN__TIMEOUT` for `join.timeout`.
pub(super) fn env_name(path: &str) -> String {
    match path.strip_prefix(properties::SECTION) {
        Some(property) => format!("WAID__KAFKA__PROPERTIES__{}", property.replace('.', "_").to_uppercase()),
        None => format!("WAID__{}", path.replace('.', "__").to_uppercase()),
    }
}

/// The path that a variable sets, if it is one of ours at all. One in small letters sets nothing: its own name is its
/// path, so that it comes out as unknown.
fn env_path(name: &str) -> Option<String> {
    let Some(keys) = name.strip_prefix("WAID__") else { return is_near_ours(name).then(|| name.to_owned()) };
    if keys.chars().any(char::is_lowercase) {
        return Some(name.to_owned());
    }
    let path = match keys.strip_prefix("KAFKA__PROPERTIES__") {
        Some(key) => format!("{}{}", properties::SECTION, properties::name_of_env(key)),
        None => keys.replace("__", ".").to_lowercase(),
    };
    Some(path)
}

/// Whether a variable begins as ours do, but for letters and underscores.
pub(super) fn is_near_ours(name: &str) -> bool {
    !name.starts_with("WAID__") && collapsed(name).starts_with("WAID_")
}

/// A variable's name in capitals and with single underscores.
pub(super) fn collapsed(name: &str) -> String {
    name.to_uppercase().replace("__", "_")
}

impl FileText {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => Err(Problems::of_file(&name, format!("cannot be read: {error}"))),
        }
    }

    fn leaves(&self) -> Result<Vec<(String, Leaf)>, Problems> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let mut walk = Walk { name: self.name.as_str().into(), text: &self.text, line_ends: ends_of_lines(&self.text), leaves: Vec::new() };
        if errors.is_empty() {
            walk.table("", table.get_ref());
            return Ok(walk.leaves);
        }
        let mut problems: Vec<Problem> = errors.iter().map(|error| walk.syntax_problem(error)).collect();
        // One slip often has several consequences on its line.
        problems.dedup_by(|later, earlier| later.origin == earlier.origin);
        Err(Problems(problems))
    }
}

/// A walk through the tables of a file.
struct Walk<'a> {
    name: Arc<str>,
    text: &'a str,
    /// At which byte each line ends.
    line_ends: Vec<usize>,
    leaves: Vec<(String, Leaf)>,
}

fn ends_of_lines(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect()
}

impl Walk<'_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = match path {
                "" => quoted(key.get_ref()),
                // Here a dot in a name is nothing but a dot: `security.protocol` needs no quotes.
                _ if in_properties(path) => format!("{path}.{}", key.get_ref()),
                _ => format!("{path}.{}", quoted(key.get_ref())),
            };
            self.value(path, key.span().start, value);
        }
    }

    fn value(&mut self, path: String, at: usize, value: &Spanned<DeValue<'_>>) {
        let (kind, text) = match value.get_ref() {
            DeValue::Table(table) if !table.is_empty() => return self.table(&path, table),
            DeValue::Array(array) if path == "apps" && !array.is_empty() => {
                for (index, element) in array.iter().enumerate() {
                    self.value(format!("apps[{index}]"), element.span().start, element);
                }
                return;
            }
            DeValue::Table(_) => (Kind::EmptyTable, String::new()),
            DeValue::Array(_) => (Kind::Array, self.text[value.span()].to_owned()),
            DeValue::String(text) => (Kind::Text, text.to_string()),
            DeValue::Integer(integer) => (Kind::Integer, decimal(integer.as_str(), integer.radix())),
            DeValue::Float(float) => (Kind::Float, float.as_str().to_owned()),
            DeValue::Boolean(boolean) => (Kind::Boolean, boolean.to_string()),
            DeValue::Datetime(time) => (Kind::Time, time.to_string()),
        };
        let origin = self.origin(at);
        self.leaves.push((path, Leaf::new(kind, text, origin)));
    }

    fn syntax_problem(&self, error: &toml::de::Error) -> Problem {
        let origin = self.origin(error.span().map_or(0, |span| span.start));
        let cause = Cause::File(format!("not valid TOML: {}", error.message()));
        Problem { origin, path: String::new(), value: None, cause }
    }

    fn origin(&self, at: usize) -> Origin {
        let line = self.line_ends.partition_point(|end| *end < at) + 1;
        Origin::File { name: Arc::clone(&self.name), line }
    }
}

fn in_properties(path: &str) -> bool {
    format!("{path}.").starts_with(properties::SECTION)
}

/// A key that is more than one plain word is quoted, so that `"join.timeout"` is not taken for a section and a key.
fn quoted(key: &str) -> String {
    if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') { key.to_owned() } else { format!("{key:?}") }
}

fn decimal(digits: &str, radix: u32) -> String {
    i128::from_str_radix(digits, radix).map_or_else(|_| digits.to_owned(), |number| number.to_string())
}
