#!/usr/bin/env bash
# All checks and tests. Everything runs even when a check fails, so that one run tells everything;
# pytest is last, and fails fast tests first (unit, then relay, promise, end to end).
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
.venv/bin/pytest "$@"
status=$?
if [ ${#failed[@]} -gt 0 ]; then
  printf 'also failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
exit "$status"
