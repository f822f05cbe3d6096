#!/usr/bin/env bash
# Runs a command with one progress line; its output is shown only when it fails. quiet.sh "words" command…
set -euo pipefail

words=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
started=$SECONDS
printf '  %s … ' "$words"
if "$@" >"$log" 2>&1; then
  printf '%s s\n' "$((SECONDS - started))"
else
  status=$?
  printf 'failed\n'
  cat "$log" >&2
  exit "$status"
fi
