//! What is in deploy/ agrees with the program: configurations are accepted, ports, paths and times are the same everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(deploy(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

const STATEFUL_SET: &str = "kubernetes/base/stateful-set.yaml";
const UNIT: &str = "systemd/waid.service";

/// Runs `waid config …` on a file of deploy/, with no variable of ours.
fn config(file: &str, command: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let mut waid = Command::new(env!("CARGO_BIN_EXE_waid"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WAID")) {
        waid.env_remove(name);
    }
    waid.envs(variables.iter().copied());
    let output = waid.arg("--config").arg(deploy(file)).args(["config", command]).output().expect("waid starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit code"), String::from_utf8(said).expect("text"))
}

/// The rest of each line that begins with this, spaces aside.
fn after<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix(begin)).map(str::trim).collect()
}

fn number(texts: &[&str]) -> u64 {
    let [text] = texts else { panic!("one, not {texts:?}") };
    text.trim_end_matches('s').parse().expect("a number")
}

#[test]
fn the_configurations_are_valid() {
    for file in ["waid.example.toml", "kubernetes/base/waid.toml"] {
        let (code, said) = config(file, "check", &[]);
        assert_eq!(code, 0, "{file}: {said}");
    }
}

/// Its password is in a file that only the pod has.
#[test]
fn the_example_of_kubernetes_is_valid_where_its_secret_is() {
    let file = "kubernetes/example/waid.toml";
    let (code, said) = config(file, "check", &[]);
    assert_eq!((code, said.matches("problem").count()), (78, 1), "{said}");
    assert!(said.contains("/run/secrets/waid/kafka-password"), "{said}");

    let mounted = text("kubernetes/example/stateful-set.yaml");
    assert_eq!(after(&mounted, "mountPath:"), ["/run/secrets/waid"]);
    let secrets = tempfile::tempdir().expect("a directory");
    let password = secrets.path().join("kafka-password");
    fs::write(&password, "secret").expect("a file");
    let file_with_secret = secrets.path().join("waid.toml");
    let configuration = text(file).replace("/run/secrets/waid/kafka-password", password.to_str().expect("a path"));
    fs::write(&file_with_secret, configuration).expect("a file");
    let (code, said) = config(file_with_secret.to_str().expect("a path"), "check", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_port_is_the_same_everywhere() {
    let (_, shown) = config("waid.example.toml", "show", &[]);
    assert!(shown.contains("listen = \"127.0.0.1:9464\""), "{shown}");
    for file in ["kubernetes/base/waid.toml", "kubernetes/example/waid.toml"] {
        assert_eq!(after(&text(file), "listen ="), ["\"0.0.0.0:9464\""], "{file}");
    }
    assert_eq!(after(&text("Dockerfile"), "EXPOSE"), ["9464"]);
    assert_eq!(after(&text(STATEFUL_SET), "containerPort:"), ["9464"]);
    assert_eq!(after(&text(STATEFUL_SET), "prometheus.io/port:"), ["\"9464\""]);
    assert_eq!(after(&text("kubernetes/base/service.yaml"), "port:"), ["9464"]);
}

/// State is written to the one place that may be written to.
#[test]
fn the_state_is_on_the_volume() {
    for file in ["kubernetes/base/waid.toml", "kubernetes/example/waid.toml"] {
        let (_, shown) = config(file, "show", &[]);
        assert!(shown.contains("dir = \"/var/lib/waid\"") || file.contains("example"), "{shown}");
        assert_eq!(after(&text(file), "dir ="), ["\"/var/lib/waid\""], "{file}");
    }
    assert!(after(&text(STATEFUL_SET), "mountPath:").contains(&"/var/lib/waid"));
    assert_eq!(after(&text("Dockerfile"), "VOLUME"), ["/var/lib/waid"]);
    assert_eq!(after(&text(UNIT), "StateDirectory="), ["waid"]);
}

/// It commits and leaves within its own 30 s; nobody may kill it before.
#[test]
fn there_is_time_to_stop() {
    let own = waid::runtime::supervisor::Bounds::default().stop_max.as_secs();
    assert!(number(&after(&text(STATEFUL_SET), "terminationGracePeriodSeconds:")) > own);
    assert!(number(&after(&text(UNIT), "TimeoutStopSec=")) > own);
    assert_eq!(after(&text("Dockerfile"), "STOPSIGNAL"), ["SIGTERM"]);
}

#[test]
fn a_wrong_configuration_is_not_tried_again() {
    let (code, _) = config("waid.example.toml", "check", &[("WAID__WORKERS__THREADS", "none")]);
    let kept = text(UNIT);
    let kept: BTreeSet<&str> = after(&kept, "RestartPreventExitStatus=")[0].split(' ').collect();
    assert!(kept.contains(code.to_string().as_str()), "{code} is not in {kept:?}");
}

/// The user of the image is the one that Kubernetes runs it as.
#[test]
fn the_user_is_nobody_in_particular() {
    let pod = text(STATEFUL_SET);
    let user = after(&pod, "runAsUser:")[0];
    assert_eq!(after(&text("Dockerfile"), "USER"), [format!("{user}:{}", after(&pod, "runAsGroup:")[0])]);
    assert_eq!(after(&pod, "readOnlyRootFilesystem:"), ["true"]);
}

/// The example names its base by where it is itself; a copy of it must be where that still holds.
#[test]
fn an_overlay_finds_its_base_where_the_readme_copies_it() {
    let readme = text("README.md");
    let [copied] = after(&readme, "$ cp -r deploy/kubernetes/example ")[..] else { panic!("one") };
    let overlay = copied.split(' ').next().and_then(|copied| copied.strip_prefix("deploy/")).expect("a place in deploy/");
    let applied = after(&readme, "$ kubectl apply -k ");
    assert_eq!(applied, [format!("deploy/{overlay}")]);
    let example = text("kubernetes/example/kustomization.yaml");
    let base = *after(&example, "").iter().find(|line| line.ends_with("base")).expect("its base");
    // The copy is not there, so the path is followed by its words.
    let from_overlay = deploy(overlay).parent().expect("a folder above").join(base.strip_prefix("../").expect("beside it"));
    assert!(from_overlay.join("kustomization.yaml").is_file(), "{}", from_overlay.display());
}

#[test]
fn the_image_is_of_this_version() {
    for file in ["kubernetes/base/kustomization.yaml", "kubernetes/example/kustomization.yaml"] {
        assert_eq!(after(&text(file), "newTag:"), [env!("CARGO_PKG_VERSION")], "{file}");
    }
}
