# gradserve: every target installs what it needs into .venv by itself.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help serve test test-all browser kubectl screenshot lint format bench image prove-image clean

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

serve: $(VENV)/.serve  ## serve on http://127.0.0.1:8000; HOST= and PORT= override
	@echo "==> serving on http://$(HOST):$(PORT), documentation at /docs; stop with Ctrl-C"
	@exec $(BIN)/gradserve serve --host $(HOST) --port $(PORT)

test: lint  ## run every check and test
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n 2 --dist loadfile

$(VENV)-clients/.done: tests/live/requirements.txt
	@echo "==> installing the clients to serve into $(VENV)-clients"
	@$(PYTHON) -m venv --clear $(VENV)-clients
	@$(VENV)-clients/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(VENV)-ray/.done: deploy/ray/requirements.txt pyproject.toml constraints.txt
	@echo "==> installing Ray and the service into $(VENV)-ray"
	@$(PYTHON) -m venv --clear $(VENV)-ray
	@$(VENV)-ray/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt -r $< -e .
	@touch $@

test-all: test browser kubectl $(VENV)-clients/.done $(VENV)-ray/.done  ## run the slow tests too: real processes, real clients, long runs
	@echo "==> pytest, the slow ones"
	@$(BIN)/python -m pytest -m slow

browser:  # Debian's, for the tests of the pages
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then \
	  echo "==> installing chromium"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends chromium chromium-driver; fi

kubectl:  # that of Debian 13 or newer, for the tests of the manifests: it has kustomize in it
	@if ! command -v kubectl >/dev/null; then \
	  echo "==> installing kubectl"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends kubernetes-client; fi

screenshot: $(VENV)/.dev browser  ## make the pictures of the playground that the README shows
	@$(BIN)/python -m tests.live.screenshot

lint: $(VENV)/.dev  ## run ruff, mypy --strict and import-linter
	@echo "==> ruff, mypy, import-linter"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache

format: $(VENV)/.dev  ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

$(VENV)-bench/.done: tests/benchmarks/requirements.txt
	@echo "==> installing the peers to measure against into $(VENV)-bench"
	@$(PYTHON) -m venv --clear $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

bench: $(VENV)/.dev $(VENV)-bench/.done  ## measure the service, its peers and the floor, side by side in one run
	@$(BIN)/python -m tests.benchmarks $(ARGS)

image:  ## build the container image; ACCELERATOR=cuda13 for a GPU
	docker build --build-arg VERSION=$(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' app/__init__.py) \
	  --build-arg REVISION=$(shell git rev-parse HEAD) --build-arg ACCELERATOR=$(ACCELERATOR) -t gradserve .

prove-image:  ## build the image twice without Docker, compare, and run it on a read-only root (some minutes, as root)
	@if ! command -v buildah >/dev/null || ! command -v debootstrap >/dev/null || ! command -v jq >/dev/null; then \
	  echo "==> installing buildah, debootstrap, curl and jq"; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y -q --no-install-recommends buildah debootstrap curl jq; fi
	@$(SUDO) deploy/image/prove.sh

clean:  ## remove the environment and caches
	rm -rf $(VENV) $(VENV)-bench $(VENV)-clients $(VENV)-ray .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
