#!/usr/bin/env bash
# The manifest of the wheel in dist/, next to it: the digests of what the wheel installs, and of the packages here,
# which are pinned by the same lock files.
set -euo pipefail
wheel=$(ls -t dist/offrecord-*.whl | head -n 1)
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
python=$PWD/.venv/bin/python
manifest=$PWD/${wheel%.whl}.manifest.json
"$python" -m zipfile -e "$wheel" "$unpacked"
cd "$unpacked"
"$python" -B -m server manifest --out "$manifest"
