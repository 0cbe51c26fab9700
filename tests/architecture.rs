//! Dependencies between the modules point inward, and each file says in its first line what lives there.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with those it may use, itself aside.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("store", &["domain", "wire"]),
    ("wire", &["domain"]),
    ("config", &["domain", "wire"]),
    ("topics", &["wire", "config"]),
    ("traffic", &["domain"]),
    ("runtime", &["domain", "store", "wire", "config", "topics"]),
    ("http", &["domain", "wire", "runtime"]),
    ("cli", &["domain", "store", "wire", "config", "topics", "traffic", "runtime", "http"]),
];

/// What puts them together.
const ROOTS: [&str; 2] = ["main", "lib"];

fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("UTF-8"))).collect()
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("inside src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.file_name().is_some_and(|name| name == "tests.rs")
}

#[test]
fn dependencies_point_inward() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test(path)) {
        let module = module_of(&path);
        if ROOTS.contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else { panic!("{module} is not listed") };
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = MAY_USE.iter().any(|(name, _)| *name == used);
                if known && used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{}:{}: {module} uses {used}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_its_own_corner_knows_each_library() {
    let corners = [
        ("rdkafka", &["runtime/kafka"][..]),
        ("prost", &["wire"]),
        ("clap", &["cli"]),
        ("hyper", &["http"]),
        ("prometheus_client", &["http"]),
        ("procfs", &["http"]),
    ];
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test(path)) {
        let shown = path.display().to_string();
        for (library, places) in &corners {
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let used = code.any(|line| line.contains(&format!("{library}::")));
            assert!(!used || places.iter().any(|place| shown.contains(&format!("src/{place}"))), "{shown} uses {library}");
        }
    }
}

#[test]
fn each_file_says_what_lives_there() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} starts without a //! line", path.display());
    }
}
