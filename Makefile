# Two commands are all that a newcomer needs: `make demo` shows the gateway at work, `make test` proves it.
# Assumed: Python 3.11 or later with venv, make, git. Everything else goes into .venv.

# Found by being run: a name in the PATH may be a shim for a Python that isn't there.
IS_NEW = 'import sys; print("yes" if sys.version_info >= (3, 11) else "no")'
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	test "$$($$p -c $(IS_NEW) 2>/dev/null)" = yes && command -v $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.set-up
WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))  # some wait for a daemon while the others work
COUNT ?= 200000

.PHONY: help setup demo test check format fuzz bench soak lock clean

help:  ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(STAMP)  ## make .venv with the command at .venv/bin/gateway

$(STAMP): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and none was found: install it (Debian: apt install python3 python3-venv), or name one with: make PYTHON=/path/of/python3.11 $(MAKECMDGOALS)" >&2; exit 69; }
	@test "$$($(PYTHON) -c $(IS_NEW) 2>/dev/null)" = yes || { echo "Python 3.11 or later is needed, and $(PYTHON) is none that runs. Name another with: make PYTHON=/path/of/python3.11 $(MAKECMDGOALS)" >&2; exit 69; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is needed, and $(PYTHON) has none: install it (Debian: apt install python3-venv)." >&2; exit 69; }
	@echo "Setting up in .venv with $(PYTHON); this takes a minute." >&2
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock \
		|| { echo "The packages of requirements.lock could not be installed: pip says why above. What is there stays; run make again." >&2; exit 69; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup  ## play a school day on loopback, in a temporary folder
	@$(BIN)/gateway demo

# Tests lay out 200,000 small files that last for a moment: in memory, where there is room for them until they passed.
test: export PYTEST_DEBUG_TEMPROOT ?= $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 2000000 { print $$6 }' 2>/dev/null)
# What fails while others run beside it is run once more, alone, and must pass then: a small machine may be slow, never wrong.
test: setup  ## run every test
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(PYTEST_DEBUG_TEMPROOT),-o tmp_path_retention_policy=failed) || \
		{ echo "Once more, alone, what failed:"; $(BIN)/pytest --last-failed --last-failed-no-failures none; }

check: setup  ## style, types, floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup  ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

fuzz: setup  ## throw odd messages, sessions and packets at the parsers (COUNT=200000)
	@$(BIN)/python -m tests.fuzz --count $(COUNT)

bench: setup  ## measure against OpenSSH, stock aiosmtpd and Postfix, side by side
	@$(BIN)/python -m tests.bench

lock: setup  ## pin the newest versions of everything, with their digests
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --extra build pyproject.toml --output-file requirements.lock

clean:  ## remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
