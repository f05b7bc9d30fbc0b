# Everything runs in .venv, inside this checkout. `make demo` and `make test` set it up themselves.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

ENGINES := airflow beam dagster dask datatrove ray spark

.PHONY: demo test test-all test-engines docs lint $(ENGINES:%=test-%) test-s3 test-recipes bench train clean

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

test-all: $(STAMP) lint docs
	$(BIN)/copydesk check
	$(BIN)/copydesk test
	$(BIN)/python -m pytest --quiet -n auto -m ""

# Each engine has an environment of its own, named as its extra and its test: their pins clash. With SLOW='-m ""' also
# the tests that take minutes: a scheduler, a cluster.
test-engines: $(ENGINES:%=test-%) test-s3 test-recipes

SLOW ?=
test-s3: INSTALLED := --editable . --group engines --group s3
test-s3: SLOW := -m ""
test-recipes: INSTALLED := --editable . --group engines --group recipes
$(ENGINES:%=test-%): INSTALLED = --editable ".[$(@:test-%=%)]" --group engines

test-spark: INSTALLED += "pyspark[connect]>=4,<5"

$(ENGINES:%=test-%) test-s3 test-recipes:
	test -x build/$@/bin/python || $(PYTHON) -m venv build/$@
	build/$@/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	build/$@/bin/python -m pip install --quiet $(INSTALLED)
	build/$@/bin/python -m pytest --quiet -p no:cacheprovider --basetemp=build/$@/tmp $(SLOW) \
		tests/engines/$(subst -,_,$@).py tests/test_docs.py -k "$(subst -,_,$@) or python_block and engines"

# The documentation's site, in site/. Open site/index.html.
docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/engines.py

# Learns the model of `remove_clutter` anew from ../shared/data, and writes docs/model.md. Takes some minutes.
train: $(STAMP)
	$(BIN)/python -m pip install --quiet --group train
	$(BIN)/python -m copydesk_blocks.train

clean:
	rm -rf .venv build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
