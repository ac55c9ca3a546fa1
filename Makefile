# Everything that is done with this repository, one target each; `make help` lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Written once everything is installed, so that an installation that was interrupted is not taken for a whole one.
VENV := .venv/.installed
TESTS ?= tests
# More than there are cores: most tests wait for most of their time.
WORKERS ?= 4
# What gets better by being repeated: each race so many times, and the runs that take minutes.
LONG ?= tests/conversation_service/races tests/crashes tests/lost_neighbours tests/replicas tests/platforms tests/llm_service tests/benchmarks
REPETITIONS ?= 500
EVENTS ?= 10000
SECONDS ?= 300
# Files in their order, not those with the most tests first: the slowest files have few, and would come last, alone.
# With compiled modules kept, whatever the environment says: several hundred processes load the same ones.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PROTOC := -m grpc_tools.protoc -I. protos/conversation.proto protos/llm.proto

.PHONY: help up backup restore test test-long chaos bench check protos lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV) ## Start everything and say where to click; Ctrl-C stops it
	@exec $(BIN)/python local_stack/tether.py $$PPID 15 - $(BIN)/python -m local_stack

# The shell reads BACKUP from the environment, so that a path may hold anything.
backup: $(VENV) ## Write the database to a file (BACKUP=path, otherwise a new one in .spur/backups)
	@exec $(BIN)/python -m local_stack backup "$${BACKUP-}"

restore: $(VENV) ## Put a backup in place of the database (BACKUP=path; CONFIRM=yes where there is one)
	@exec $(BIN)/python -m local_stack restore "$${BACKUP-}" $(if $(filter yes,$(CONFIRM)),--overwrite)

test: $(VENV) ## Run the tests (TESTS=tests/chassis runs some, WORKERS=1 in one process)
	@.ci/chromium
	@$(PYTEST) $(TESTS)

test-long: $(VENV) ## Repeat races, crashes and outages for an hour (REPETITIONS=500 of each race)
	@.ci/chromium
	@SPUR_REPETITIONS=$(REPETITIONS) $(PYTEST) \
		-m "long or not long" $(LONG)

chaos: $(VENV) ## Kill services and Postgres while customers write (EVENTS=10000, SECONDS=300, SEED=a number to repeat)
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tests.crashes.storm --events $(EVENTS) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

bench: $(VENV) ## Measure side by side with a monolith and pgbench (BENCH="turns memory" runs some figures)
	@exec $(BIN)/python local_stack/tether.py $$PPID 15 - $(BIN)/python -m benchmarks $(BENCH)

check: $(VENV) ## Check format, lint, types, contract, images and known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/buf lint
	@.ci/stubs $(BIN)/python
	@.ci/images $(BIN)
	@.ci/advisories $(BIN)/pip-audit

protos: $(VENV) ## Generate the stubs anew from protos/*.proto
	$(BIN)/python $(PROTOC) --python_out=. --pyi_out=. --grpc_python_out=.

lock: ## Choose the versions anew that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo "make lock: uv is missing; install it with: pip install uv" >&2; exit 1; }
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	deploy/lock.sh

$(VENV): requirements.lock .ci/venv
	@.ci/venv .venv "$(PYTHON)"
	@touch $@
