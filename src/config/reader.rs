//! Takes values out of the flat list, one by one; what is left at the end is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::problem::{Cause, Origin, Problem, nearest_name, nearest_path};
use super::properties;
use super::source::{Kind, Leaf, collapsed, env_name, is_near_ours};
use super::value::{format_bytes, format_duration, parse_bytes, parse_duration};

/// The values not yet taken, the paths asked for, and what went wrong.
pub(super) struct Reader {
    leaves: BTreeMap<String, Leaf>,
    known: BTreeSet<String>,
    origins: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
}

impl Reader {
    pub fn new(leaves: BTreeMap<String, Leaf>, problems: Vec<Problem>) -> Self {
        Self { leaves, known: BTreeSet::new(), origins: BTreeMap::new(), problems }
    }

    /// Takes the value at a path and puts it over the default; a value that cannot be read leaves the default there.
    pub fn read<T>(&mut self, path: &str, into: &mut T, parse: impl FnOnce(&Leaf) -> Result<T, Cause>) {
        self.known.insert(path.to_owned());
        let Some(leaf) = self.leaves.remove(path) else {
            return;
        };
        self.origins.insert(path.to_owned(), leaf.origin.clone());
        match parse(&leaf) {
            Ok(value) => *into = value,
            Err(cause) => self.problem(path, Some(leaf.to_string()), cause),
        }
    }

    /// A text that `parse` understands.
    pub fn text<T>(&mut self, path: &str, into: &mut T, parse: impl FnOnce(&str) -> Result<T, String>) {
        self.read(path, into, |leaf| {
            let text = expect(leaf, Kind::Text, "a text in quotes")?;
            parse(text).map_err(Cause::Invalid)
        });
    }

    /// A whole number within a range.
    pub fn integer<T: TryFrom<u64>>(&mut self, path: &str, into: &mut T, range: RangeInclusive<u64>) {
        self.read(path, into, |leaf| {
            let text = if leaf.is_env() { leaf.text.trim() } else { expect(leaf, Kind::Integer, "a whole number")? };
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| outside("a whole number", range.start(), range.end()))
        });
    }

    /// A duration within a range.
    pub fn duration(&mut self, path: &str, into: &mut Duration, range: RangeInclusive<Duration>) {
        self.read(path, into, |leaf| {
            let text = expect(leaf, Kind::Text, r#"a duration in quotes, such as "24h""#)?;
            let duration = parse_duration(text).map_err(Cause::Invalid)?;
            if range.contains(&duration) {
                return Ok(duration);
            }
            let (least, most) = (format_duration(*range.start()), format_duration(*range.end()));
            Err(outside("a duration", &least, &most))
        });
    }

    /// A count of bytes within a range.
    pub fn bytes(&mut self, path: &str, into: &mut u64, range: RangeInclusive<u64>) {
        self.read(path, into, |leaf| {
            let bytes = match leaf.kind {
                Kind::Integer => parse_bytes(&leaf.text),
                _ => parse_bytes(expect(leaf, Kind::Text, r#"a size in quotes, such as "1GiB""#)?),
            };
            let bytes = bytes.map_err(Cause::Invalid)?;
            if range.contains(&bytes) {
                return Ok(bytes);
            }
            let (least, most) = (format_bytes(*range.start()), format_bytes(*range.end()));
            Err(outside("a size", &least, &most))
        });
    }

    /// Takes everything below a prefix.
    pub fn take_below(&mut self, prefix: &str) -> Vec<(String, Leaf)> {
        let below = self.leaves.extract_if(prefix.to_owned().., |path, _| path.starts_with(prefix));
        below.collect()
    }

    /// The number of elements of a list of tables.
    pub fn list_len(&self, name: &str) -> usize {
        let index_of = |path: &str| -> Option<usize> {
            let (index, _) = path.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
            index.parse().ok()
        };
        self.leaves.keys().filter_map(|path| index_of(path)).max().map_or(0, |last| last + 1)
    }

    /// Where the value at this path came from.
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or(Origin::Default)
    }

    /// Where the first value below a prefix came from, if there is any left.
    pub fn origin_below(&self, prefix: &str) -> Option<Origin> {
        let below = self.leaves.range(prefix.to_owned()..).take_while(|(path, _)| path.starts_with(prefix));
        below.map(|(_, leaf)| leaf.origin.clone()).min()
    }

    /// Whether a value was given for this path, be it a wrong one.
    pub fn was_set(&self, path: &str) -> bool {
        self.origins.contains_key(path)
    }

    /// Says where a value came from that was not read by path.
    pub fn set_origin(&mut self, path: String, origin: Origin) {
        self.origins.insert(path, origin);
    }

    /// Tells a problem with the value at a path.
    pub fn problem(&mut self, path: &str, value: Option<String>, cause: Cause) {
        self.problems.push(Problem { origin: self.origin(path), path: path.to_owned(), value, cause });
    }

    /// Everything left over is unknown. Returns the origins, or the problems in the order of file and environment.
    pub fn finish(mut self) -> Result<BTreeMap<String, Origin>, Vec<Problem>> {
        for (path, leaf) in std::mem::take(&mut self.leaves) {
            if let Some(cause) = self.judge_left_over(&path, &leaf) {
                self.problems.push(Problem { origin: leaf.origin, path, value: None, cause });
            }
        }
        if self.problems.is_empty() {
            return Ok(self.origins);
        }
        self.problems.sort_by(|a, b| a.origin.cmp(&b.origin));
        Err(self.problems)
    }

    fn judge_left_over(&self, path: &str, leaf: &Leaf) -> Option<Cause> {
        if leaf.is_env() && is_near_ours(path) {
            return self.variable_meant(path).map(|meant| Cause::UnknownKey(Some(meant)));
        }
        let section = format!("{path}.");
        let is_section = section == properties::SECTION || self.known.iter().any(|known| known.starts_with(&section));
        if path == "apps" || path.starts_with("apps.") || path.starts_with("apps[") && !path.contains("].") {
            return match leaf.kind {
                _ if leaf.is_env() => Some(Cause::Invalid("apps can be listed in the file only".to_owned())),
                Kind::Array if leaf.text.trim() == "[]" => None,
                Kind::EmptyTable if path.starts_with("apps[") => None,
                _ => Some(Cause::Invalid("apps is a list of tables: begin each with [[apps]]".to_owned())),
            };
        }
        match leaf.kind {
            Kind::EmptyTable if is_section => None,
            _ if is_section => Some(Cause::WrongType { expected: "a section with keys of its own", found: leaf.kind.name() }),
            _ => Some(Cause::UnknownKey(self.nearest(path, leaf))),
        }
    }

    /// What a path would be in the section whose name its own begins with, misspelt; of a key that it does not have, the section.
    fn nearest_section(&self, path: &str, leaf: &Leaf) -> Option<String> {
        let known = self.known.iter().filter_map(|known| known.rsplit_once('.')).map(|(section, _)| section);
        let listed_sections = [properties::SECTION.trim_end_matches('.'), "apps"];
        let listed = listed_sections.into_iter().filter(|section| !(leaf.is_env() && *section == "apps"));
        let sections: BTreeSet<&str> = known.filter(|section| !section.starts_with("apps")).chain(listed).collect();
        let mut ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
        ends.find_map(|end| {
            let (wrong, rest) = path.split_at(end);
            let section = nearest_name(wrong, sections.iter().copied()).filter(|section| section != wrong)?;
            let is_open = listed_sections.contains(&section.as_str());
            let path = format!("{section}{rest}");
            Some(if is_open || self.known.iter().any(|known| *known == path) { path } else { section })
        })
    }

    /// Which of our variables one is but for letters and underscores. Others are somebody else's: Kubernetes makes `WAID_PORT` and more of them where
    /// a service is called waid.
    fn variable_meant(&self, name: &str) -> Option<String> {
        let properties = env_name(properties::SECTION);
        if let Some(property) = collapsed(name).strip_prefix(&collapsed(&properties)) {
            return Some(format!("{properties}{property}"));
        }
        let settable = self.known.iter().filter(|known| !known.starts_with("apps"));
        settable.map(|known| env_name(known)).find(|ours| collapsed(ours) == collapsed(name))
    }

    /// In the language of the origin: a path for the file, a name for a variable.
    fn nearest(&self, path: &str, leaf: &Leaf) -> Option<String> {
        let settable = self.known.iter().filter(|known| !(leaf.is_env() && known.starts_with("apps")));
        let path = path.strip_prefix("WAID__").map_or_else(|| path.to_owned(), |keys| keys.replace("__", ".").to_lowercase());
        let found = nearest_path(&path, settable.map(String::as_str)).or_else(|| self.nearest_section(&path, leaf))?;
        Some(if leaf.is_env() { env_name(&found) } else { found })
    }
}

fn expect<'a>(leaf: &'a Leaf, kind: Kind, expected: &'static str) -> Result<&'a str, Cause> {
    if leaf.kind == kind {
        return Ok(&leaf.text);
    }
    Err(Cause::WrongType { expected, found: leaf.kind.name() })
}

fn outside(what: &str, least: &dyn std::fmt::Display, most: &dyn std::fmt::Display) -> Cause {
    Cause::Invalid(format!("must be {what} from {least} to {most}"))
}
