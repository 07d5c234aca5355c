# Nothing to do first: every target sets up what it needs. Wants Python >= 3.11, git and make.
PYTHON ?= python3
UV_VERSION = 0.13.8
UV = .cache/uv/bin/uv
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# JOBS: tests wait for other programs a fifth of their time; one more than there are processors uses it.
# Without bytecode every start of a program would compile it anew, which takes longer than most of them run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test check benchmarks reference integrations picture wheel clean help

help:  ## What can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*##/\t/'

demo: .venv/.run  ## Publish, find, install and verify the example skills on a private server
	@.venv/bin/skillyard demo

serve: .venv/.run  ## Keep a server running; prints its address and a one-time sign-in link
	@.venv/bin/skillyard serve

test: check  ## Check style and types, then run all tests
	@.venv/bin/python -m pytest -n $(JOBS) --dist worksteal

check: .venv/.test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

benchmarks: .venv/.test  ## Measure every figure of docs/performance.md (long)
	@.venv/bin/python -m benchmarks

reference: .venv/.test  ## Make the pages of docs/reference from the code
	@.venv/bin/python -m skillyard.operate reference docs/reference

integrations: .venv/.test  ## Build integrations from published descriptions
	@PATH=$(CURDIR)/.venv/bin:$$PATH .venv/bin/python catalog/build.py
	@.venv/bin/python catalog/versions.py

picture: .venv/.test  ## Draw docs/demo.svg from a real run
	@.venv/bin/python docs/demo_picture.py

wheel: $(UV)  ## Build the wheel into dist/
	@$(UV) build --wheel

clean:  ## Remove all that was set up here
	rm -rf .venv .cache dist

$(UV): Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .cache/uv 2>/dev/null && .cache/uv/bin/python -m pip install -q uv==$(UV_VERSION) \
	  || { $(PYTHON) -m pip install -q --target .cache/uv uv==$(UV_VERSION); }
	@touch $@

.venv/.run: $(UV) pyproject.toml uv.lock
	@$(UV) sync -q --frozen --no-dev --inexact --python $(PYTHON)
	@touch $@

.venv/.test: $(UV) pyproject.toml uv.lock
	@$(UV) sync -q --frozen --all-extras --python $(PYTHON)
	@touch $@ .venv/.run
