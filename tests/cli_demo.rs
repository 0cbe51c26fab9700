//! `waid demo`: with nothing installed, an answer that agrees with the truth of the simulation.

use std::process::Command;

#[test]
fn a_demo_answers_and_is_right() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
    // A configuration, even a wrong one, is none of its business.
    let output = command.args(["demo", "--people", "200", "--seed", "3"]).env("WAID_CONFIG", "missing.toml").output().expect("waid starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    for said in [
        "people. The four apps of two businesses",
        "would have been two conversations",
        "people who changed their number     one person",
        "people who got another BSUID        one person",
        "user names that showed a number     one person",
        "numbers given to somebody else      two people",
        "people who talk to both businesses  one person of each",
        "messages typed in WhatsApp's app    in the conversation",
        "waid merged identities",
        "+55 35 98765-4321\n  SENT and reply named    553587654321\n",
        "(one for the number, the send and the reply)",
        "(one for the send and the reply)",
        "Every answer, all of these among them, was compared with the truth of the simulation: none differs.",
        "proves nothing about exactly-once",
    ] {
        assert!(out.contains(said), "{said:?} is not in {out}");
    }
    assert_eq!(err, "");
}

#[test]
fn there_is_someone_and_not_everyone() {
    for people in ["0", "10001", "many"] {
        let output = Command::new(env!("CARGO_BIN_EXE_waid")).args(["demo", "--people", people]).output().expect("waid starts");
        assert_eq!(output.status.code(), Some(2), "{people}");
    }
}
