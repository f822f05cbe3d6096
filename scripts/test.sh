#!/usr/bin/env bash
# All checks and tests. Everything runs even when a check fails, so that one run tells everything; checks run beside
# builds. pytest is last: unit tests, three to two cores, since they wait for disks and a database, and beside them
# those of servers that mostly wait; then the others of whole relays and servers; at the end, one after the other, those
# that need the machine for themselves. With arguments, pytest runs once, with these.
set -uo pipefail
export PYTHONDONTWRITEBYTECODE= # hundreds of servers are started: each would compile all of itself again

failed=()
make --no-print-directory --keep-going --jobs "$(nproc)" --output-sync=target before-tests ||
  failed+=("builds and checks")
make --no-print-directory build || exit 1 # there is nothing to test, or nothing to do
if [ $# -gt 0 ]; then
  .venv/bin/pytest "$@" || failed+=("tests")
else
  waiting=$(mktemp)
  trap 'kill $(jobs -p) 2>/dev/null' EXIT # Ctrl-C does not reach what runs beside
  .venv/bin/pytest tests --ignore tests/unit -m waits >"$waiting" 2>&1 &
  .venv/bin/pytest tests/unit --numprocesses $(($(nproc) * 3 / 2)) --dist worksteal || failed+=("unit tests")
  wait $! || failed+=("tests that wait")
  cat "$waiting" && rm "$waiting"
  .venv/bin/pytest tests --ignore tests/unit -m "not alone and not waits" --numprocesses auto --dist loadgroup --no-loadscope-reorder ||
    failed+=("tests of relays and servers")
  .venv/bin/pytest tests/e2e -m alone || failed+=("tests that run alone")
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
