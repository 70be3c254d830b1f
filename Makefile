# Two commands do all the set-up: `make demo` and `make test`. Each creates .venv from nothing and installs what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test lint clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --constraint constraints.txt --editable '.[train,dev]'
	touch $@

demo: $(STAMP)
	$(BIN)/llamafactory-embodied demo recipes/demo/demo.yaml

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(STAMP) lint
	$(BIN)/python -m pytest

clean:
	rm -rf out .pytest_cache .mypy_cache .ruff_cache
