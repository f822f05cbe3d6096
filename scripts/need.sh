#!/usr/bin/env bash
# Says clearly what this machine lacks, before anything is built. Arguments: python rust node
set -euo pipefail

missing=0
lack() {
  printf 'offrecord: %s\n' "$1" >&2
  missing=1
}

# at_least HAVE WANT: true when the dotted version HAVE is not below WANT.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

need_python() {
  if ! command -v "$PYTHON" >/dev/null; then
    lack "Python 3.11 or newer is missing ('$PYTHON' not found); install it, or say which: make PYTHON=…"
  elif ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    lack "Python 3.11 or newer is needed; '$PYTHON' is $("$PYTHON" -V 2>&1). Say which to use: make PYTHON=…"
  elif ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then
    lack "Python's venv module is missing (Debian and Ubuntu: apt install python3-venv)"
  fi
}

need_rust() {
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' server/native/Cargo.toml)
  if ! command -v cargo >/dev/null; then
    lack "Rust $wanted or newer is missing (cargo not found); see https://rustup.rs"
  else
    have=$(rustc --version | cut -d' ' -f2)
    at_least "$have" "$wanted" || lack "Rust $wanted or newer is needed, this is $have: rustup update"
  fi
  command -v cc >/dev/null || lack "a C compiler is missing (cc not found; Debian and Ubuntu: apt install gcc libc6-dev)"
}

need_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    lack "Node.js 20 or newer is missing (node or npm not found)"
  elif ! at_least "$(node --version | tr -d v)" 20; then
    lack "Node.js 20 or newer is needed, this is $(node --version)"
  fi
}

: "${PYTHON:=python3}"
for tool in "$@"; do
  "need_$tool"
done
exit "$missing"
