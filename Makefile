# `make run` serves, `make test` checks everything, `make demo` shows the flow without a drive.
# A new machine needs Python 3.11 or newer, git and make; the rest is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Where `make run` stores its data, unless the environment says otherwise.
DATA := $(CURDIR)/data
export BOZ_HOST ?= 127.0.0.1
export BOZ_DATABASE_URL ?= sqlite:///$(DATA)/database/boz_ripper.db
export BOZ_TEMP_DIR ?= $(DATA)/temp
export BOZ_OUTPUT_DIR ?= $(DATA)/output

.PHONY: run demo test coverage chaos lint types bench identification lock clean

run: $(VENV)/installed
	@mkdir -p $(DATA)/database
	$(BIN)/gunicorn

demo: $(VENV)/installed
	$(BIN)/flask demo --serve

test: lint types
	$(BIN)/pytest -n 2

# Shows which lines the tests run; takes about twice as long as the tests.
coverage: lint types
	$(BIN)/pytest -n 2 --cov --cov-report=term

# Kills the server again and again while machines and people use it and while films are uploaded and
# organized, and each migration at each of its statements; `make test` does a few rounds. To repeat a
# seed that failed: make chaos CHAOS_SEED=… or FILES_SEED=…
chaos: $(VENV)/installed-dev
	CHAOS_ROUNDS=$${CHAOS_ROUNDS:-30} CHAOS_SEED=$${CHAOS_SEED:-$$(date +%s)} \
	FILES_ROUNDS=$${FILES_ROUNDS:-20} FILES_SEED=$${FILES_SEED:-$$(date +%s)} CLAIMS=2000 \
	OLD_JOBS=200000 \
		$(BIN)/pytest --every-variant --log-cli-level=info \
		tests/e2e/test_chaos.py tests/e2e/test_killed_*.py tests/e2e/test_namesakes.py \
		tests/e2e/test_agents_of_today.py tests/e2e/test_cases.py \
		tests/e2e/test_claims.py tests/e2e/test_retention.py \
		tests/queue/test_properties.py tests/queue/test_concurrency.py \
		tests/database/test_every_migration.py

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-cache --no-logo

types: $(VENV)/installed-dev
	$(BIN)/mypy

# Measures requests with 1,000, 100,000 and a million jobs, beside a bare Flask view. QUICK=1: with
# 1,000 only, in under two minutes. JSON=FILE keeps the result, BASELINE=FILE fails if it was better.
# DATABASE=postgresql://… uses that empty database. AGENTS=2000 measures that many agents instead.
bench: $(VENV)/installed
	$(BIN)/python -m bench.load $(if $(QUICK),--quick) $(if $(AGENTS),--agents $(AGENTS)) \
		$(if $(DATABASE),--database "$(DATABASE)") $(if $(JSON),--json "$(JSON)") \
		$(if $(BASELINE),--baseline "$(BASELINE)")

# Scores how well a folder of real discs is identified: make identification DISCS=…
# WRITE=1 stores how often each sign was right, for the server to judge by.
identification: $(VENV)/installed
	$(BIN)/python -m bench.identification "$(DISCS)" $(if $(WRITE),--write)

# Updates the lock files from pyproject.toml: exact versions of everything, with checksums. The extras
# stay in, because older pips would take coverage[toml] for another package that is not locked.
lock: $(VENV)/installed-dev
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --custom-compile-command 'make lock' pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --custom-compile-command 'make lock' --constraints requirements.txt --group dev \
		pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: name one with 'make PYTHON=python3.12 …'."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
