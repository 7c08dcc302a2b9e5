# `make demo` and `make test` are all the set-up a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint soak fuzz clean

demo: $(READY)
	$(BIN)/python recipes/demo.py

test: $(READY)
	$(BIN)/python -m pytest

# `vino serve` at full size: 200 jobs and five kills; 10,000 damaged requests. Minutes each.
soak: $(READY)
	$(BIN)/python -m tests.serve.acceptance.soak

fuzz: $(READY)
	$(BIN)/python -m tests.serve.acceptance.fuzz

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/mypy

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache
