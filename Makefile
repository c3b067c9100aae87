# Frequent tasks. `make` lists them.
PYTHON ?= python3
# The photos of `make bench`, in one folder, and the number of its runs.
PHOTOS ?= posesearch-demo/photos/women
RUNS ?= 3

bin := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup test fast lint docs bench

help:  # list the tasks
	@sed -n "s/^\([a-z]*\):.*  # /\1: /p" Makefile | awk -F": " "{ printf \"make %-6s  %s\n\", \$$1, \$$2 }"

setup:  # make .venv with posesearch and what its tests need
	$(PYTHON) -m venv .venv
	$(bin)/pip install -q -e ".[dev]"

test:  # run all tests, which takes minutes
	$(bin)/python -m pytest

fast:  # run the tests that are not marked as slow
	$(bin)/python -m pytest -m "not slow"

lint:  # check style, formatting, types and the direction of imports
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

docs:  # write docs/cli.md, docs/python.md, docs/traits.md and schema.sql from the code
	$(bin)/python docs/make_cli.py
	$(bin)/python docs/make_python.py
	$(bin)/python docs/make_traits.py
	$(bin)/python docs/schema/make_schema.py

bench: | $(PHOTOS)  # measure the ingest and the search, by default on photos of the demo
	$(bin)/python benchmarks/throughput.py $(PHOTOS) -n $(RUNS)
	$(bin)/python benchmarks/search.py $(PHOTOS) --sizes 10000 100000

posesearch-demo/photos/women:
	$(bin)/posesearch demo
