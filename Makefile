# gradserve: every target installs what it needs by itself, into .venv and, for what has other needs, into .venv-*.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PIP    := -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help serve clients test test-all debian browser generator screenshot mutants lint lint-format lint-rules lint-types lint-imports audit format bench image prove-image clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# Environments

$(BIN)/python:
	@echo "==> creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install 'pip>=25.1'  # the first that reads dependency groups

$(VENV)/.serve: pyproject.toml constraints.txt | $(BIN)/python
	@echo "==> installing gradserve and its pinned dependencies (about 600 MB, a minute or two the first time)"
	@$(BIN)/python $(PIP) install -c constraints.txt -e '.[agents,proofs,zstd]'
	@touch $@

$(VENV)/.dev: $(VENV)/.serve
	@echo "==> installing the tools for tests and lint"
	@$(BIN)/python $(PIP) install -c constraints.txt --group dev
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@echo "==> installing the fuzzers"
	@$(BIN)/python $(PIP) install -c constraints.txt --group fuzz
	@touch $@

$(VENV)-bench/.done: tests/benchmarks/requirements.txt
$(VENV)-clients/.done: tests/live/requirements.txt
$(VENV)-generated/.done: tests/live/generated/requirements.txt
$(VENV)-examples/.done: docs/examples/requirements.txt
$(VENV)-torch/.done: tests/clients/requirements.txt
$(VENV)-torch/.done: PYTHON := $(shell command -v python3.11 || echo $(PYTHON))
$(VENV)-ray/.done: deploy/ray/requirements.txt pyproject.toml constraints.txt
$(VENV)-ray/.done: MORE := -c constraints.txt -e .

$(VENV)-%/.done:
	@echo "==> installing $< into $(VENV)-$*"
	@$(PYTHON) -m venv --clear $(VENV)-$*
	@$(VENV)-$*/bin/python $(PIP) install -r $< $(MORE)
	@touch $@

$(VENV)-node/.done: tests/live/generated/package.json | debian
	@echo "==> installing $< into $(VENV)-node"
	@mkdir -p $(VENV)-node && cp $< $(VENV)-node
	@cd $(VENV)-node && npm install --no-audit --no-fund --no-package-lock --loglevel=error
	@touch $@

# What Debian has, each asked for by what it is installed for: a command, or a package of R.
has = command -v $(1) >/dev/null || echo $(2)
browser:
	@missing="$$($(call has,chromium,chromium); $(call has,chromedriver,chromium-driver))"; $(install)

debian: browser
	@missing="$$($(call has,node,nodejs); $(call has,npm,npm); $(call has,redis-server,redis-server); \
	  $(call has,faketime,faketime); $(call has,promtool,prometheus); $(call has,kubectl,kubernetes-client); \
	  $(call has,gcc,gcc libc6-dev); $(call has,octave-cli,octave); $(call has,rustc,rustc); \
  [ -x /usr/sbin/nginx ] || echo nginx; \
	  Rscript -e 'library(httr2); library(jsonlite)' >/dev/null 2>&1 || echo r-base-core r-cran-httr2 r-cran-jsonlite)"; \
	  $(install)

define install
	if [ -n "$$missing" ]; then echo "==> installing" $$missing; $(SUDO) apt-get update -q \
	  && $(SUDO) apt-get install -y -q --no-install-recommends $$missing; fi
endef

# Commands

# Only what is given to make: conda sets HOST to the name of a compiler's target. GRADSERVE_* variables count as ever.
given = $(if $(filter command,$(origin $(1))),--$(2) $($(1)))
serve: $(VENV)/.serve  ## serve on http://127.0.0.1:8000; HOST=, PORT= and WORKERS= override
	@echo "==> serving, the guide at /guide, the API at /docs; stop with Ctrl-C"
	@exec $(BIN)/gradserve serve $(call given,HOST,host) $(call given,PORT,port) $(call given,WORKERS,workers)

# tests/conftest.py puts the longest files first.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder
test: $(if $(ARGS),$(VENV)/.dev,lint)  ## run lint and the fast tests, or one part of them: ARGS=tests/language
	@echo "==> pytest $(ARGS)"
	@$(BIN)/python -m pytest $(or $(ARGS),$(PARALLEL))

SLOW := $(VENV)/.fuzz $(foreach name,clients generated examples ray torch node,$(VENV)-$(name)/.done)
test-all: test debian $(SLOW)  ## run the slow tests too: real processes, real clients, long runs
	@echo "==> pytest, the slow tests"
	@$(BIN)/python -m pytest -m "slow and not serial" $(PARALLEL)
	@echo "==> pytest, the slow tests that measure time or memory"
	@$(BIN)/python -m pytest -m "slow and serial"

mutants: $(VENV)/.dev  ## change the code in 300 places, one at a time, and see whether a test fails (two hours); ARGS="--count 30"
	@$(BIN)/python -m tests.mutation $(ARGS)

screenshot: $(VENV)/.dev browser  ## make the pictures of the pages that the README shows
	@$(BIN)/python -m tests.live.screenshot

clients: $(VENV)/.serve $(VENV)-generated/.done $(VENV)-node/.done  ## build the clients in Python and TypeScript into dist/clients
	@$(BIN)/python -m deploy.clients

LINT := lint-format lint-rules lint-types lint-imports
lint: $(VENV)/.dev  ## run ruff, mypy --strict and import-linter
	@echo "==> ruff, mypy, import-linter"
	@$(MAKE) --no-print-directory --jobs --output-sync $(LINT)

lint-format: ; @$(BIN)/ruff format --check --quiet .
lint-rules: ; @$(BIN)/ruff check --quiet .
lint-types: ; @$(BIN)/mypy
lint-imports: ; @$(BIN)/lint-imports --no-logo

audit: $(VENV)/.dev  ## look for known vulnerabilities of what is installed; needs the network
	@$(BIN)/python $(PIP) install pip-audit
	@$(BIN)/pip-audit --skip-editable

format: $(VENV)/.dev  ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

generator:
	@missing="$$($(call has,wrk,wrk))"; $(install)

bench: $(VENV)/.dev $(VENV)-bench/.done generator  ## measure the service, its peers and the floor, side by side in one run
	@$(BIN)/python -m tests.benchmarks $(ARGS)

image:  ## build the container image; ACCELERATOR=cuda13 for a GPU
	docker build --build-arg VERSION=$(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' app/__init__.py) \
	  --build-arg REVISION=$(shell git rev-parse HEAD) --build-arg ACCELERATOR=$(ACCELERATOR) -t gradserve .

prove-image:  ## build the image twice without Docker, compare, and run it on a read-only root (some minutes, as root)
	@missing="$$($(call has,buildah,buildah); $(call has,debootstrap,debootstrap); $(call has,curl,curl); \
	  $(call has,jq,jq))"; $(install)
	@$(SUDO) deploy/image/prove.sh

clean:  ## remove the environments and caches
	rm -rf $(VENV) $(VENV)-* dist .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis *.egg-info
