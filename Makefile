# The commands of a checkout. `make run` and `make test` set up what they need first; doing so again costs nothing.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1

# A start is many processes: none should compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test soak lint format types bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make run     set up, then run Steadfast with made-up families on http://$(HOST):$(PORT)/"
	@echo "make test    set up, then every check and every test"
	@echo "make soak    random years on the engine, until something gives or MINUTES (60) are over"
	@echo "make setup   the virtual environment, the locked dependencies, the pages' files, the steadfast command"
	@echo "make lint    format, lint, types and import contracts alone;  make format  puts the code in shape"
	@echo "make bench   the measurements of docs/performance.md (SIZE=small or full)"
	@echo "make lock    write the locks again from pyproject.toml (UPGRADE=1 takes newer versions)"

setup: $(VENV)/.installed
	@$(BIN)/python scripts/assets.py

run: setup
	$(BIN)/steadfast up --demo --host $(HOST) --port $(PORT)

test: setup
	@$(BIN)/python scripts/checks.py

soak: setup
	STEADFAST_SOAK_SECONDS=$$(( $(or $(MINUTES),60) * 60 )) $(BIN)/pytest -q tests/engine/test_random_years.py

lint: setup
	@$(BIN)/python scripts/checks.py --static

format: setup
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: setup
	$(BIN)/python -m bench

lock: setup
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

clean:
	rm -rf build dist *.egg-info test-results .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@scripts/make_venv.sh $(VENV)

$(VENV)/.locked: requirements-dev.lock | $(VENV)/bin/python
	@echo "installing the locked dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
