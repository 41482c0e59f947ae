# Two commands on a fresh machine: `make gate` and `make test`. Everything is installed into .venv from a hashed lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: gate test lint types imports coverage schemas lock dist clean

gate: $(STAMP)  ## run the contracts of this project against its converter and model files
	$(BIN)/falsify gate --profile pr

test: $(STAMP)  ## every check and test of the project, with branch coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest tests -n auto --dist worksteal
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

$(STAMP): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $(STAMP)

schemas: $(STAMP)  ## write contracts/schema anew from the models
	$(BIN)/falsify schema

lock:  ## resolve requirements/dev.lock anew (needs uv)
	uv pip compile pyproject.toml requirements/dev.in --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --custom-compile-command "make lock" -o requirements/dev.lock

dist: $(STAMP)  ## wheel and sdist into dist/
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf $(VENV) dist build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
