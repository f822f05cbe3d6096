#!/usr/bin/env bash
# All checks and tests. Everything runs even when a check fails, so that one run tells everything;
# pytest is last: unit tests, then those of whole relays and servers, on all cores; at the end, one after the
# other, those that need the machine for themselves. With arguments, pytest runs once, with these.
set -uo pipefail

failed=()
step() {
  local words=$1
  shift
  scripts/quiet.sh "$words" "$@" || failed+=("$words")
}

step "packages of the system" scripts/debian.sh
make --no-print-directory --keep-going check || failed+=("checks")
step "tests of the packet core and the lock" \
  cargo test --manifest-path server/native/Cargo.toml --locked --workspace --exclude offrecord-native -q
step "network emulator" \
  cargo build --manifest-path server/native/Cargo.toml --locked --release -q -p offrecord-netem
if [ $# -gt 0 ]; then
  .venv/bin/pytest "$@" || failed+=("tests")
else
  .venv/bin/pytest tests/unit --numprocesses auto --dist worksteal || failed+=("unit tests")
  .venv/bin/pytest tests --ignore tests/unit -m "not alone" --numprocesses auto --dist loadfile ||
    failed+=("tests of relays and servers")
  .venv/bin/pytest tests/e2e -m alone || failed+=("tests that run alone")
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
