#!/usr/bin/env bash
# Builds the program by which tests use the LiveKit SDK for Go, where there is Go and its modules can be had.
# Without it those tests are skipped, and say why. go_sdk.sh PROGRAM
set -euo pipefail

program=$(realpath -m "$1")
rm -f "$program"
cd tests/e2e/go_sdk
if ! command -v go >/dev/null; then
  echo 'offrecord: no Go here; the tests with its SDK are skipped' >&2
elif ! go list -deps . >/dev/null; then
  echo 'offrecord: the modules of the Go SDK cannot be had here; its tests are skipped' >&2
else
  [ -z "$(gofmt -l .)" ] || { gofmt -d .; exit 1; }
  go vet . && go build -o "$program" .
fi
