# The front door. `make demo` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
DATA ?= data
export PYTHONUNBUFFERED = 1

.PHONY: help demo install test lint bench serve words lock clean

help:  ## Show this list.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/demo-ready  ## Render cameras, find everybody in them, draw the result (under two minutes).
	$(BIN)/passerby demo --out demo

install: $(VENV)/ready  ## Make .venv with the package and the extras train, openvino and dev.

test: install  ## Run all tests.
	$(BIN)/python -m pytest -n auto

lint: install  ## ruff and mypy.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install  ## Print every figure that the docs quote (long; see benchmarks/README.md).
	$(BIN)/python -m benchmarks

serve: install  ## Start the server (HTTP API and pages).
	$(BIN)/passerby serve --data $(DATA)

words: install  ## Gather the texts of the pages into api/locale, for translators.
	$(BIN)/pybabel --quiet extract --mapping babel.cfg --keyword t --keyword N_ --add-location file --sort-by-file --output $(VENV)/pages.pot api
	$(BIN)/pybabel --quiet update --input-file $(VENV)/pages.pot --output-dir api/locale --locale zh --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120

lock: install  ## Write constraints.txt anew from what is installed.
	$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable --exclude passerby > constraints.txt

clean:  ## Remove the environment and everything generated.
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	|| { echo "passerby needs Python 3.11 to 3.13, but $(PYTHON) is `$(PYTHON) --version 2>&1`; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-ready: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/ready: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[train,openvino,dev]'
	@touch $@ $(VENV)/demo-ready
