# Two commands do all the set-up: `make demo` and `make test`. Each creates .venv from nothing and installs what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOSTS := $(patsubst tests/hosts/%.txt,$(VENV)/hosts/%/.installed,$(wildcard tests/hosts/*.txt))

.PHONY: install hosts demo base test lint clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --compile-bytecode --constraint constraints.txt --editable '.[train,dev]'
	touch $@

# Other versions of LLaMA-Factory, which the tests lay over .venv with PYTHONPATH.
hosts: $(HOSTS)

$(VENV)/hosts/%/.installed: tests/hosts/%.txt | $(STAMP)
	rm -rf $(@D)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --target $(@D) --requirement $< && touch $@ || \
		{ rm -rf $(@D); echo "LLaMA-Factory $* cannot be installed here: its tests will be skipped"; }

demo: $(STAMP)
	$(BIN)/llamafactory-embodied demo recipes/demo/demo.yaml

# Makes recipes/demo/base anew: about an hour on two cores.
base: $(STAMP)
	$(BIN)/llamafactory-embodied ground recipes/demo/lists.yaml
	$(BIN)/llamafactory-embodied ground recipes/demo/grounding.yaml
	$(BIN)/llamafactory-embodied synthesize recipes/demo/tours.yaml
	cp recipes/demo/base_data_info.json out/base/dataset_info.json
	cat out/base/lists/train.jsonl out/base/grounding/train.jsonl out/base/tours/train.jsonl > out/base/corpus.jsonl
	$(BIN)/llamafactory-embodied tiny-model output_dir=out/base/random corpus=out/base/corpus.jsonl overwrite=true
	$(BIN)/llamafactory-cli train recipes/demo/base.yaml model_name_or_path=out/base/random dataset=demo_lists \
		per_device_train_batch_size=8 max_steps=400 output_dir=out/base/words
	$(BIN)/llamafactory-cli train recipes/demo/base.yaml
	$(BIN)/llamafactory-cli export recipes/demo/export.yaml
	sed -i 's/"dtype": "bfloat16"/"dtype": "float32"/' recipes/demo/base/config.json  # kept in half, computed in full

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(STAMP) hosts lint
	$(BIN)/python -m pytest

clean:
	rm -rf out .pytest_cache .mypy_cache .ruff_cache
