# make demo    three samples on this machine, no key needed
# make test    the whole test suite, no network and no key needed once installed
# make run     the server at 127.0.0.1:5001
# make serve   the same, as a service runs it: logs as JSON
# make check   style, types, import contracts, security rules, a scan for secrets, test collection
# make audit   known weaknesses of the pinned packages (asks the network)
# make lock    write the lock files, with hashes, anew from requirements*.txt
# make backup  a copy of data set and batches; make restore puts the newest back (NAME=… another)
# make install / make clean

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
TEST_MODEL := smollm2-135m-instruct

.PHONY: demo test run serve check audit lock install dev clean backup restore

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
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(ARGS)

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/python -m tests.secret_scan
	$(BIN)/python -m pytest --collect-only -q | tail -1

audit: dev
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.lock

lock: dev
	$(BIN)/uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes --no-header --quiet --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile requirements-dev.txt --universal --python-version 3.11 --generate-hashes --no-header --quiet --upgrade --output-file requirements-dev.lock

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it and run make again"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.lock | $(VENV)/bin/python
	@echo "installing the packages of requirements.lock into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "installing the packages of requirements-dev.lock …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov
