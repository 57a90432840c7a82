# Everything is set up in .venv by the first target that needs it; nothing but Python 3.11+ has to be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
ARGS   ?=

.PHONY: demo test lint types contract check sandbox bench requirements pictures clean

demo: $(STAMP)
	$(BIN)/provodka demo $(if $(ONEC),--onec $(ONEC)) $(ARGS)

sandbox: $(STAMP)
	$(BIN)/provodka sandbox $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contract: $(STAMP)
	$(BIN)/lint-imports

check: lint types contract test

bench: $(STAMP)
	$(BIN)/python -m bench $(ARGS)

requirements: $(STAMP)
	$(BIN)/python -m tests.requirements $(ARGS)

pictures: $(STAMP)
	$(BIN)/python -m tests.pictures $(ARGS)

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Provodka needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv --no-deps -e .
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
