# Everything runs in .venv, inside this checkout. `make demo` and `make test` set it up themselves.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: demo test test-all lint bench train clean

$(STAMP): pyproject.toml $(wildcard plugins/*/__init__.py)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: $(STAMP)
	$(BIN)/copydesk explain samples $(wildcard ../shared/samples)
	$(BIN)/copydesk run samples $(wildcard ../shared/samples) -o build/demo.jsonl
	$(BIN)/copydesk restore build/demo.jsonl -o build/demo
	@echo "The records are in build/demo.jsonl; the files restored from them in build/demo."

test: $(STAMP) lint
	$(BIN)/copydesk check
	$(BIN)/copydesk test
	$(BIN)/python -m pytest --quiet -n auto

test-all: $(STAMP) lint
	$(BIN)/copydesk check
	$(BIN)/copydesk test
	$(BIN)/python -m pytest --quiet -n auto -m ""

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/service.py

# Learns the model of `remove_clutter` anew from ../shared/data, and writes docs/model.md. Takes some minutes.
train: $(STAMP)
	$(BIN)/python -m pip install --quiet --group train
	$(BIN)/python -m copydesk_blocks.train

clean:
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
