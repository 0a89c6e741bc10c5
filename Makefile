# make demo | test | lint | benchmark | lock      PYTHON=python3.12 chooses the interpreter (3.11 or 3.12)

PYTHON ?= python3
# The default interpreter gets .venv; one that is named gets an environment of its own beside it.
VENV ?= .venv$(if $(filter file default,$(origin PYTHON)),,-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint benchmark venv lock clean

help:
	@sed -n 1p Makefile

# Rebuilt when the lock file changes. The editable install takes nothing from the network.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	  || { echo "error: PYTHON=$(PYTHON) is not Python 3.11 or 3.12: name one, as in make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@echo "building $(VENV) from requirements.lock (some minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

venv: $(VENV)/.ready

demo: venv
	@$(BIN)/python -m experiments.train --config=configs/demo.py --workdir=runs/demo
	@$(BIN)/python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/demo-gradient-flow
	@$(BIN)/python -m experiments.interpretable_cells --workdir=runs/demo

test: venv
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: venv
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

benchmark: venv
	@$(BIN)/python -m experiments.benchmark --suite=all --workdir=runs/benchmark

# Names, versions and hashes for both Python versions; needs uv, which users do not.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra test --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache
