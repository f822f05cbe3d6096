# `make run` serves; `make test` proves it. `make help` lists the rest.
# Set-up is remembered in .build/ and done again only when what it was made from has changed.

PYTHON ?= python3
export PYTHON
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
CARGO := cargo
NATIVE := server/native
QUIET := @scripts/quiet.sh

# Of the extension; the load generator and the network emulator are no part of it.
RUST_SOURCES := pyproject.toml $(NATIVE)/Cargo.toml $(NATIVE)/Cargo.lock $(filter-out $(NATIVE)/load/% $(NATIVE)/netem/%, \
	$(wildcard $(NATIVE)/*/Cargo.toml) $(shell find $(NATIVE)/*/src -name '*.rs'))
WEB_SOURCES := $(shell find client_demo -type f -not -path '*/node_modules/*' -not -path 'client_demo/desktop/*')

# Arguments after `make run`: LAN=1 serves HTTPS to the local network; ARGS are passed on.
SERVE := $(if $(LAN),--lan,--dev) $(ARGS)

.PHONY: run desktop test check bench fuzz build wheel help clean lock need-run need-wheel need-desktop check-python check-rust check-web \
	check-ruff-format check-ruff check-mypy check-imports check-rustfmt check-clippy before-tests packages test-rust \
	emulator go-sdk node-sdk older-sdk

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target words; \
	  do printf '  make %-8s %s\n' "$$target" "$$words"; done

run: need-run .build/run ## serve on this machine; LAN=1: on the local network, HTTPS with a QR code
	@exec $(BIN)/offrecord serve $(SERVE)

desktop: need-desktop .build/desktop ## the desktop application; ARGS are passed on, such as ARGS="http://127.0.0.1:7880"
	@exec $(BIN)/python -m client_demo.desktop $(ARGS)

build: need-run .build/dev .build/native .build/web ## everything, with the command at .venv/bin/offrecord

test: need-run ## all checks and tests (Debian packages are installed where that can be done)
	@scripts/test.sh $(TESTS)

# All of `make test` that is not pytest. None of it waits for another without a reason, so that --jobs pays.
before-tests: build packages test-rust emulator go-sdk node-sdk older-sdk .build/desktop check

packages:
	$(QUIET) "packages of the system" scripts/debian.sh

test-rust: need-run
	$(QUIET) "tests of the packet core and the lock" $(CARGO) test --manifest-path $(NATIVE)/Cargo.toml --locked --workspace --exclude offrecord-native --quiet

emulator: need-run
	$(QUIET) "network emulator" $(CARGO) build --manifest-path $(NATIVE)/Cargo.toml --locked --release --quiet -p offrecord-netem

go-sdk: .build/go_sdk

.build/go_sdk: scripts/go_sdk.sh $(wildcard tests/e2e/go_sdk/*.go) tests/e2e/go_sdk/go.mod tests/e2e/go_sdk/go.sum | .build
	$(QUIET) "an app in Go" scripts/go_sdk.sh $@

node-sdk: .build/node_sdk

.build/node_sdk: tests/e2e/node_sdk/package-lock.json | .build
	$(QUIET) "a server in JavaScript" npm --prefix tests/e2e/node_sdk ci --silent --no-audit --no-fund
	@touch $@

older-sdk: .build/older_livekit

.build/older_livekit: requirements-older.lock | .build/runtime
	@rm -rf $@
	$(QUIET) "an older desktop SDK" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ -r requirements-older.lock

check: check-python check-rust check-web ## format, lint, types, import rules

check-python: check-ruff-format check-ruff check-mypy check-imports
check-rust: check-rustfmt check-clippy

check-ruff-format: .build/dev
	$(QUIET) "ruff format" $(BIN)/ruff format --check server client_demo/desktop tests bench

check-ruff: .build/dev
	$(QUIET) "ruff" $(BIN)/ruff check server client_demo/desktop tests bench

check-mypy: .build/dev .build/native .build/desktop
	$(QUIET) "mypy --strict" $(BIN)/mypy

check-imports: .build/dev .build/desktop
	$(QUIET) "import rules" $(BIN)/lint-imports

check-rustfmt: need-run
	$(QUIET) "rustfmt" $(CARGO) fmt --manifest-path $(NATIVE)/Cargo.toml --all --check
	$(QUIET) "rustfmt, fuzz targets" $(CARGO) fmt --manifest-path $(NATIVE)/fuzz/Cargo.toml --check

check-clippy: need-run
	$(QUIET) "clippy" $(CARGO) clippy --manifest-path $(NATIVE)/Cargo.toml --locked --workspace --all-targets --quiet -- -D warnings
	@# Nothing is linked: libFuzzer itself need not be compiled.
	$(QUIET) "clippy, fuzz targets" env CUSTOM_LIBFUZZER_PATH=/dev/null $(CARGO) clippy --manifest-path $(NATIVE)/fuzz/Cargo.toml --target-dir $(NATIVE)/target --locked --quiet -- -D warnings

check-web: .build/node
	$(QUIET) "web client" npm --prefix client_demo run --silent check

RESULTS ?= bench/results/latest.jsonl

bench: build ## measure: JSON and a picture in bench/results; PARTS="media-loss idle", ROUNDS=1 for a quick look
	$(QUIET) "load generator" $(CARGO) build --manifest-path $(NATIVE)/Cargo.toml --locked --release --quiet -p offrecord-load
	@mkdir -p $(dir $(RESULTS))
	@$(BIN)/python -m bench $(PARTS) | tee $(RESULTS)
	@$(BIN)/python -m bench.plot $(RESULTS)

fuzz: build .build/fuzzer ## fuzz our own parsers: SECONDS_IN_ALL=60, or EXECUTIONS= of each; TARGETS="stun sdp"
	@scripts/fuzz.sh

wheel: need-wheel .build/dev .build/web ## one wheel with the extension and the web client, and its manifest, in dist/
	$(QUIET) "wheel" $(BIN)/maturin build --release --locked --out dist
	$(QUIET) "manifest" scripts/manifest.sh
	@ls dist/*

lock: .build/dev ## resolve the Python dependencies again
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --group build pyproject.toml -o requirements-build.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --group dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --constraint requirements-dev.lock --group desktop -o requirements-desktop.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --group fuzz -o requirements-fuzz.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-header --python-version 3.11 --no-deps --group older -o requirements-older.lock

clean: ## remove what was built
	rm -rf .build $(VENV) dist server/web client_demo/node_modules tests/e2e/node_sdk/node_modules $(NATIVE)/target $(NATIVE)/fuzz/target server/_native*.so
	find server client_demo/desktop tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

need-run need-wheel:
	@scripts/need.sh python rust node

need-desktop:
	@scripts/need.sh python

.build:
	@mkdir -p $@

$(VENV): | .build
	$(QUIET) "Python environment" $(PYTHON) -m venv $(VENV)

# What serving needs, and nothing more: an environment for development satisfies it too.
.build/run: .build/runtime .build/native .build/web
	@touch $@

.build/runtime: requirements-build.lock | $(VENV)
	$(QUIET) "Python dependencies" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	@touch $@

.build/dev: requirements-dev.lock requirements-build.lock | .build/runtime
	$(QUIET) "Python dependencies, for development" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# What the desktop application needs, and nothing of the server. In an environment for development the two agree on versions.
.build/desktop: requirements-desktop.lock | $(VENV)
	$(QUIET) "Python dependencies of the desktop application" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-desktop.lock
	@touch $@

.build/fuzzer: requirements-fuzz.lock | .build/dev
	$(QUIET) "Python fuzzer" $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

# An editable install: the extension beside its package, the command at .venv/bin/offrecord.
.build/native: $(RUST_SOURCES) | .build/runtime
	$(QUIET) "Rust extension (minutes the first time)" env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

.build/node: client_demo/package-lock.json client_demo/package.json | .build
	$(QUIET) "web client's dependencies" npm --prefix client_demo ci --silent --no-audit --no-fund
	@touch $@

.build/web: .build/node $(WEB_SOURCES)
	$(QUIET) "web client" npm --prefix client_demo run --silent build
	@touch $@
