PYTHON = .venv/bin/python
.PHONY: help setup test lint docs bench

help:   ## list the targets
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST)

setup:  ## make .venv and install posesearch for development
	python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'

test:   ## run the fast tests
	$(PYTHON) -m pytest -q -m 'not slow'

lint:   ## check style, types and the direction of imports
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

docs:   ## write the pages and the SQL that are made from the code
	$(PYTHON) docs/make_cli.py && $(PYTHON) docs/schema/make_schema.py

bench:  ## measure searches on synthetic poses
	$(PYTHON) benchmarks/search.py
