# Sagaloom. `make` says what there is; everything runs from .venv, which `make setup` fills.

PYTHON ?= python3
DATA ?= data
ARGS ?=
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test lint style types imports check fmt screenshots bench bench-peers lock clean
.NOTPARALLEL:

help: ## Say what there is
	@echo "Usage: make TARGET [PYTHON=python3] [DATA=data] [ARGS=...]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv and install what constraints.txt pins (quick the second time)

# The project itself is built with the pinned setuptools, so nothing comes in that has no hash.
$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Sagaloom needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make setup PYTHON=python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "On Debian and Ubuntu the venv module is a package of its own: apt-get install python3-venv" >&2; exit 2; }
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## Start the daemon on the embedded store in DATA; prints its URLs
	@exec $(BIN)/sagaloom serve --data $(DATA) $(ARGS)

test: setup ## Run the tests (ARGS="tests/unit -k timer" for some of them, WORKERS=0 one after another)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: style types imports ## Style, format, types and import contracts, without the tests

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

check: lint test ## All that must hold before a merge: lint, then test (-k goes on after a failure)

fmt: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: setup ## Take docs/screenshots anew, of a demo's year (needs Chromium; ARGS="analytics saga" for some)
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

bench: setup ## Measure this engine against the raw ceiling of this machine
	$(BIN)/python -m bench $(ARGS)

bench-peers: setup ## Measure Restate and DBOS beside it (installs them into .peers)
	$(BIN)/python -m bench.peers $(ARGS)

# Locked with the oldest Python that is supported: its markers hold for the newer ones too.
lock: ## Pin constraints.txt anew from pyproject.toml (UPGRADE=1 takes newer releases)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Lock with Python 3.11: make lock PYTHON=python3.11" >&2; exit 2; }
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install --quiet pip-tools && \
	"$$tools/bin/pip-compile" --quiet --extra test --build-deps-for editable --generate-hashes --allow-unsafe \
	  --strip-extras --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host \
	  $(if $(UPGRADE),--upgrade) --output-file constraints.txt pyproject.toml && \
	sed -i '1i # Every package of a run and of the tests, pinned with the hashes of its files. Made by `make lock`.' constraints.txt
	@echo "constraints.txt: $$(grep -c '==' constraints.txt) packages"

clean: ## Remove .venv, caches and what builds leave behind (DATA stays)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
