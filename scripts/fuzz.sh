#!/usr/bin/env bash
# Fuzzes our own parsers, guided by coverage: SECONDS_IN_ALL (60) shared by all targets, or EXECUTIONS of each.
# TARGETS picks some. What was worth keeping and what was found are in .build/fuzz/.
set -euo pipefail

rust=(stun rtp rtcp framing codec downlink lane forwarder)
python=(sdp signal control token query data sctp candidate room)
read -ra chosen <<<"${TARGETS:-${rust[*]} ${python[*]}}"
share=$((${SECONDS_IN_ALL:-60} / ${#chosen[@]}))
bound=(-max_total_time="$((share > 0 ? share : 1))")
[ -z "${EXECUTIONS:-}" ] || bound=(-runs="$EXECUTIONS")
host=$(rustc -vV | sed -n 's/^host: //p')
kept=.build/fuzz
mkdir -p "$kept"

# What libFuzzer needs of a compiler; all of it is in stable Rust.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
if [[ " ${chosen[*]} " =~ \ (stun|rtp|rtcp|framing|codec|downlink|lane|forwarder)\  ]]; then
  RUSTFLAGS=$coverage scripts/quiet.sh "fuzz targets" \
    cargo build --manifest-path server/native/fuzz/Cargo.toml --locked --release --target "$host" --quiet
fi

failed=()
for target in "${chosen[@]}"; do
  if [[ " ${rust[*]} " == *" $target "* ]]; then
    mkdir -p "$kept/$target"
    command=("server/native/fuzz/target/$host/release/$target" "$kept/$target" "server/native/fuzz/seeds/$target"
      -artifact_prefix="$kept/$target-finding-")
  else
    command=(.venv/bin/python -m tests.fuzz "$target" "$kept/$target")
  fi
  log=$kept/$target.log
  # Descriptions as browsers send them are longer than any packet.
  longest=4096
  [[ $target != sdp && $target != room ]] || longest=16384
  nice "${command[@]}" "${bound[@]}" -max_len="$longest" -timeout=10 -print_final_stats=1 >"$log" 2>&1 || failed+=("$target")
  printf '  %-10s %12s executions, %s a second\n' "$target" \
    "$(sed -n 's/.*executed_units: *//p' "$log")" "$(sed -n 's/.*average_exec_per_sec: *//p' "$log")"
done
for target in "${failed[@]}"; do
  printf 'a finding in %s: %s.log\n' "$target" "$kept/$target" >&2
done
[ ${#failed[@]} -eq 0 ]
