# gradserve: every target installs what it needs into .venv by itself.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
WORKERS ?= $(or $(GRADSERVE_WORKERS),1)
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help serve test test-all audit browser servers redis node rscript screenshot lint format bench image clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/python:
	@echo "==> creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install 'pip>=25.1'  # the first that reads dependency groups

$(VENV)/.serve: pyproject.toml constraints.txt | $(BIN)/python
	@echo "==> installing gradserve and its pinned dependencies (about 600 MB, a minute or two the first time)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.serve
	@echo "==> installing the tools for tests and lint"
	@$(PIP) install -c constraints.txt --group dev
	@touch $@

serve: $(VENV)/.serve  ## serve on http://127.0.0.1:8000; HOST=, PORT= and WORKERS= override
	@echo "==> serving on http://$(HOST):$(PORT), documentation at /docs; stop with Ctrl-C"
	@exec $(BIN)/gradserve serve --host $(HOST) --port $(PORT) --workers $(WORKERS)

test: lint  ## run every check and test
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n 2 --dist loadfile

$(VENV)-clients/.done: tests/live/requirements.txt
	@echo "==> installing the clients to serve into $(VENV)-clients"
	@$(PYTHON) -m venv --clear $(VENV)-clients
	@$(VENV)-clients/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@echo "==> installing the fuzzers"
	@$(PIP) install -c constraints.txt --group fuzz
	@touch $@

$(VENV)-generated/.done: tests/live/generated/requirements.txt
	@echo "==> installing what makes clients from the OpenAPI document into $(VENV)-generated"
	@$(PYTHON) -m venv --clear $(VENV)-generated
	@$(VENV)-generated/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(VENV)-examples/.done: examples/requirements.txt
	@echo "==> installing what the examples need into $(VENV)-examples"
	@$(PYTHON) -m venv --clear $(VENV)-examples
	@$(VENV)-examples/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(VENV)-node/.done: tests/live/generated/package.json | node
	@echo "==> installing the same for TypeScript into $(VENV)-node"
	@mkdir -p $(VENV)-node && cp $< $(VENV)-node
	@cd $(VENV)-node && npm install --no-audit --no-fund --no-package-lock --loglevel=error
	@touch $@

test-all: test browser servers redis $(VENV)/.fuzz $(VENV)-clients/.done $(VENV)-generated/.done $(VENV)-node/.done $(VENV)-examples/.done rscript  ## run the slow tests too: real processes, real clients, long runs
	@echo "==> pytest, the slow ones"
	@$(BIN)/python -m pytest -m slow

browser:  # Debian's, for the tests of the pages
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then \
	  echo "==> installing chromium"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends chromium chromium-driver; fi

node:  # Debian's, for clients in JavaScript
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then \
	  echo "==> installing node"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends nodejs npm; fi

rscript:  # Debian's, for the recipe in R
	@if ! Rscript -e 'library(httr2); library(jsonlite)' >/dev/null 2>&1; then \
	  echo "==> installing R"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends \
	    r-base-core r-cran-httr2 r-cran-jsonlite; fi

redis:  # Debian's, for the tests of the shared store
	@if ! command -v redis-server >/dev/null; then \
	  echo "==> installing redis-server"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends redis-server; fi

servers:  # Debian's, for the tests of deploy/
	@if ! test -x /usr/sbin/nginx || ! command -v promtool >/dev/null; then \
	  echo "==> installing nginx and prometheus"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends nginx prometheus; fi

screenshot: $(VENV)/.dev browser  ## make the pictures of the playground that the README shows
	@$(BIN)/python -m tests.live.screenshot

lint: $(VENV)/.dev  ## run ruff, mypy --strict and import-linter
	@echo "==> ruff, mypy, import-linter"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

audit: $(VENV)/.dev  ## look for known vulnerabilities of what is installed; needs the network
	@$(PIP) install pip-audit
	@$(BIN)/pip-audit --skip-editable

format: $(VENV)/.dev  ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

$(VENV)-bench/.done: tests/benchmarks/requirements.txt
	@echo "==> installing the peers to measure against into $(VENV)-bench"
	@$(PYTHON) -m venv --clear $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

bench: $(VENV)/.dev $(VENV)-bench/.done  ## measure the service, its peers and the floor, side by side in one run
	@$(BIN)/python -m tests.benchmarks $(ARGS)

image:  ## build the container image
	docker build -t gradserve .

clean:  ## remove the environment and caches
	rm -rf $(VENV) $(VENV)-bench $(VENV)-clients $(VENV)-generated $(VENV)-node $(VENV)-examples .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
