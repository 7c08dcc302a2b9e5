# `make demo` and `make test` are all the set-up a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test browser lint docs docs-test gallery kills soak fuzz clean

demo: $(READY)
	$(BIN)/python recipes/demo.py

# Two processes with one thread each: threads that share cores wait for one another.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

# The studio in a real browser; it needs the extra vino[browser] and Chromium.
browser: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[browser]"
	$(BIN)/python -m pytest --override-ini addopts= tests/browser

# Training killed at fifty random instants, which `make test` does at five: minutes.
kills: $(READY)
	VINO_KILLS=50 $(BIN)/python -m pytest tests/train/test_kill.py

# `vino serve` at full size: 200 jobs and five kills; 10,000 damaged requests. Minutes each.
soak: $(READY)
	$(BIN)/python -m tests.serve.acceptance.soak

fuzz: $(READY)
	$(BIN)/python -m tests.serve.acceptance.fuzz

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/mypy

# The documentation site, in site/.
docs: $(VENV)/.docs
	$(BIN)/python -m mkdocs build --strict

# Every block of the documentation, run page by page, and the site looked at: minutes.
docs-test: $(VENV)/.docs
	$(BIN)/python -m pytest tests/docs/run_pages.py tests/docs/run_site.py

# docs/gallery.md and its pictures; to be run when the weights change.
gallery: $(READY)
	$(BIN)/python recipes/gallery.py

$(VENV)/.docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	touch $@

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) out site .pytest_cache .mypy_cache .ruff_cache
