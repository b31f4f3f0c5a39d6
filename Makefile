# make demo    three samples on this machine, no key needed
# make test    the whole test suite, no network and no key needed once installed
# make test-postgresql   contract, end-to-end and crash tests on PostgreSQL
# make test-pgqueuer     what batches promise, with PgQueuer as their engine
# make run     the server at 127.0.0.1:5001
# make serve   the same, as a service runs it: logs as JSON
# make check   style, types, import contracts, security rules, a scan for secrets, test collection
# make matrix  the tests on every supported Python at hand, installed without a compiler
# make audit   known weaknesses of the pinned packages (asks the network)
# make lock    write the lock files, with hashes, anew from requirements*.txt
# make backup  a copy of data set and batches; make restore puts the newest back (NAME=… another)
# make install / make clean

SHELL := /bin/bash -o pipefail
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --generate-hashes --no-header --quiet --upgrade
TEST_MODEL := smollm2-135m-instruct
# Tests also wait, so one process more than there are cores; each takes some 600 MiB.
AT_ONCE ?= $(shell $(BIN)/python -c 'import os; print(min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1)')

.PHONY: demo test test-postgresql test-pgqueuer matrix run serve check audit lock install dev clean backup restore

demo: install
	@$(BIN)/python cli.py demo

run: install
	@$(BIN)/python api_server.py

serve: install
	@LOG_FORMAT=$${LOG_FORMAT:-json} exec $(BIN)/python api_server.py

backup: install
	@$(BIN)/python cli.py backup

restore: install
	@$(BIN)/python cli.py restore $(NAME)

install: $(VENV)/.installed

dev: $(VENV)/.installed-dev

test: dev
	@$(BIN)/python cli.py model fetch $(TEST_MODEL) || echo "the small test model cannot be had: its tests will be skipped"
	$(BIN)/python -m pytest --numprocesses=$(AT_ONCE) --dist=worksteal --cov --cov-report=term:skip-covered $(ARGS)

# Contract, end to end and crash tests once more, on PostgreSQL.
test-postgresql: dev
	TEST_DATABASE=postgresql $(BIN)/python -m pytest --numprocesses=$(AT_ONCE) --dist=worksteal tests/api tests/e2e --ignore=tests/e2e/web tests/services/batch tests/models $(ARGS)

# What batches promise once more, carried by PgQueuer.
test-pgqueuer: dev
	TEST_ENGINE=pgqueuer TEST_DATABASE=postgresql $(BIN)/python -m pytest --numprocesses=$(AT_ONCE) --dist=worksteal tests/models/batches tests/services/batch tests/e2e/test_several_processes.py tests/e2e/test_moving.py tests/e2e/test_behind_nginx.py tests/e2e/test_service.py $(ARGS)

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	@# What it says of our answers to it ("nosec") where other nodes of the same line were fine is no fault.
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml . 2> >(grep -v "nosec encountered" >&2)
	$(BIN)/python -m tests.secret_scan
	$(BIN)/python -m pytest --collect-only -q | tail -1

matrix:
	@bash tests/matrix.sh $(ARGS)

audit: dev
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.lock

# Bracketed names are pinned too: pip takes the newest of those that are not.
lock: dev
	$(LOCK) requirements-pip.txt --output-file requirements-pip.lock
	$(LOCK) requirements.txt --universal --python-version 3.11 --no-strip-extras --output-file requirements.lock
	$(LOCK) requirements-scale.txt --universal --python-version 3.11 --no-strip-extras --constraints requirements.lock --output-file requirements-scale.lock
	$(LOCK) requirements-dev.txt --universal --python-version 3.11 --no-strip-extras --output-file requirements-dev.lock

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; install one and run make again"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.installed-pip: requirements-pip.lock | $(VENV)/bin/python
	@$(PIP) install --require-hashes -r requirements-pip.lock
	@touch $@

$(VENV)/.installed: requirements.lock $(VENV)/.installed-pip
	@echo "installing the packages of requirements.lock into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "installing the packages of requirements-dev.lock …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov
