# Every target makes its own virtual environment; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export LITELLM_LOCAL_MODEL_COST_MAP := True

.PHONY: quickstart test test-fast test-browser test-ray check bench notebooks clean

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[local,notebooks,dev]'
	touch $(STAMP)

quickstart: $(STAMP)
	$(BIN)/selftaught quickstart

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

test-fast: $(STAMP)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup -m 'not real'

test-browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[browser,dev]'
	$(BIN)/python -m pytest tests/browser -rs

test-ray: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[ray,dev]'
	$(BIN)/python -m pytest tests/programs/synthesis/test_ray.py -rs

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	rm -rf build/installed
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target build/installed .
	MYPYPATH=build/installed $(BIN)/mypy --package selftaught
	cd build/installed && ../../$(BIN)/lint-imports --config ../../pyproject.toml
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

bench: $(STAMP)
	$(BIN)/python -m benchmarks

notebooks: $(STAMP)
	$(BIN)/python notebooks/execute.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
