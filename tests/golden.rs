//! Golden tests: each `tests/golden/*.txt` is a trap of this domain, told in directives (`tests/golden/README.md`), and what must come of it.

mod model;

#[path = "golden/expectation.rs"]
mod expectation;
#[path = "golden/generated.rs"]
mod generated;
#[path = "golden/orders.rs"]
mod orders;
#[path = "golden/outcome.rs"]
mod outcome;
#[path = "golden/pipeline.rs"]
mod pipeline;
#[path = "golden/script.rs"]
mod script;

use script::Script;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let paths = fs::read_dir(folder).expect("a folder of the crate").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect();
    files.sort();
    files
}

/// Runs a script in all its orders; what is wrong with the first that fails.
fn check(name: &str, text: &str) -> Result<usize, String> {
    let script = Script::read(text).map_err(|(line, why)| format!("{name}:{line}: {why}"))?;
    let mut orders = orders::of(script.inputs.len(), script.in_any_order);
    let written = orders.remove(0);
    check_order(name, &script, &written, true)?;
    orders.iter().try_for_each(|order| check_order(name, &script, order, false))?;
    Ok(orders.len() + 1)
}

fn check_order(name: &str, script: &Script, order: &[usize], as_written: bool) -> Result<(), String> {
    let outcome = pipeline::run(script, order);
    let Err((line, why)) = expectation::check(script, &outcome, as_written) else { return Ok(()) };
    let mut report = format!("{name}:{line}: {why}\n  records, by line:");
    for index in order {
        write!(report, " {}", script.inputs[*index].line).expect("a text");
    }
    Err(format!("{report}\n  outputs:\n{}", outcome.shown()))
}

#[test]
fn every_trap_comes_out_as_written() {
    let only = std::env::var("WAID_GOLDEN").unwrap_or_default();
    let (mut failures, mut runs) = (Vec::new(), 0);
    let chosen: Vec<PathBuf> = files().into_iter().filter(|path| path.to_string_lossy().contains(&only)).collect();
    for path in &chosen {
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside").display().to_string();
        match check(&name, &fs::read_to_string(path).expect("UTF-8")) {
            Ok(orders) => runs += orders,
            Err(failure) => failures.push(failure),
        }
    }
    assert!(failures.is_empty(), "{} of {} files:\n\n{}", failures.len(), chosen.len(), failures.join("\n\n"));
    assert!(!chosen.is_empty(), "no file has {only:?} in its name");
    println!("{} files, {runs} runs", chosen.len());
}

/// A golden test that cannot fail proves nothing: these must.
#[test]
fn what_does_not_come_out_is_told_with_file_and_line() {
    let told = |expectations: &str| {
        let text = format!(
            "# Source: none\nat 2024-01-10T00:00:00Z\nsend {{\"messageId\":\"g\",\"app\":\"a\",\"destination\":\"5535987654321\",\"waId\":\"553587654321\"}}\n{expectations}"
        );
        check("x.txt", &text).expect_err("wrong").lines().next().expect("a line").to_owned()
    };
    let right = "expect identity 5535987654321 -> 553587654321 SEND_RESPONSE BR_NINTH_DIGIT\n";
    for (expectations, why) in [
        (
            "expect identity 5535987654321 -> 5535987654321 SENT SAME\n",
            "x.txt:4: expected 5535987654321 SENT SAME, came 553587654321 SEND_RESPONSE BR_NINTH_DIGIT",
        ),
        ("expect nothing\n", "x.txt:4: expected nothing, came 3 records"),
        (&format!("{right}expect same person g other\n"), "x.txt:5: neither a message nor an address: other"),
        (&format!("{right}expect unresolved g FAILED\n"), "x.txt:5: expected FAILED of g, came nothing"),
        (&format!("{right}expect dead letter NOT_JSON 1\n"), "x.txt:5: expected 1 dead letters NOT_JSON, came 0"),
        (&format!("{right}expect other conversation g g\n"), "x.txt:5: g and g are in one conversation"),
        (&format!("{right}expect wonders\n"), "x.txt:5: no such expectation: wonders"),
        (
            "expect same person g 5535987654321\n",
            "x.txt:4: not expected: a row of 5535987654321: 553587654321 SEND_RESPONSE BR_NINTH_DIGIT",
        ),
    ] {
        assert_eq!(told(expectations), why);
    }
}
