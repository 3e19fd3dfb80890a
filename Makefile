PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAIN := .train-venv
CLIP := .biomedclip-venv
UV := $(shell command -v uv 2>/dev/null)

ifdef UV
CREATE = uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL = uv pip install --quiet --python $(BIN)/python
else
CREATE = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: demo test test-biomedclip lint serve train lock clean

demo: $(VENV)/.core  ## made-up films and patients, ingested, one question answered
	$(BIN)/mmrag demo

test: lint  ## everything that this machine can run, a file of tests on each core
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-biomedclip: $(CLIP)/.ready  ## the BiomedCLIP tests, in an environment of their own (about 2 GB)
	$(CLIP)/bin/python -m pytest tests/encoders

lint: $(VENV)/.dev  ## style, types and the layers of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

serve: $(VENV)/.dev  ## HTTP API and page over the demo data
	$(BIN)/mmrag demo --quiet
	MMRAG_HOME=demo/home $(BIN)/mmrag serve

$(VENV)/.core: requirements/core.txt pyproject.toml
	$(CREATE)
	$(INSTALL) --require-hashes -r requirements/core.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.core
	$(INSTALL) --require-hashes -r requirements/dev.txt
	touch $@

$(CLIP)/.ready: requirements/dev.txt requirements/biomedclip.txt pyproject.toml
	$(PYTHON) -m venv $(CLIP)
	$(CLIP)/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(CLIP)/bin/python -m pip install --quiet -r requirements/biomedclip.txt
	$(CLIP)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

train: $(TRAIN)/.ready  ## the compact encoder and its figures, from the films
	$(TRAIN)/bin/python -m training.train
	$(TRAIN)/bin/python -m training.words
	$(TRAIN)/bin/python -m training.evidence
	$(TRAIN)/bin/python -m training.report

$(TRAIN)/.ready: training/requirements.txt requirements/core.txt
	$(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/python -m pip install --quiet --require-hashes -r requirements/core.txt
	$(TRAIN)/bin/python -m pip install --quiet -r training/requirements.txt
	$(TRAIN)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

lock:  ## pin the dependencies anew, for Python 3.11 and later, with hashes
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet uv
	./requirements/lock.sh .lock-venv/bin/uv

clean:
	rm -rf $(VENV) $(TRAIN) $(CLIP) .lock-venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
