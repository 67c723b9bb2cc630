# Two commands do all their own set-up: `make demo` talks in this terminal, `make check` checks everything.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo install check lint test format bench faults pictures lock clean

demo: .venv/installed
	@$(BIN)/cherry-bridge demo

install: .venv/installed

check: lint test

# Real processes, beside five others, for most of a test is waiting at the pace of a platform. What fails there is run again
# alone, so that no test fails because the machine was busy. Both runs name what failed; what fails twice is broken.
test: .venv/installed-dev
	$(BIN)/pytest --numprocesses 6 --dist worksteal || { [ $$? = 1 ] && echo "What has failed runs again, alone:" && \
		$(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 3; }

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks all

# The long form of tests/faults: some fifteen minutes. A plan again: .venv/bin/python -m tests.faults --seed N
faults: .venv/installed-dev
	$(BIN)/python -m tests.faults

# Those of the README, from real runs; some minutes. One alone: .venv/bin/python -m docs.pictures terminal.svg
pictures: .venv/installed-dev
	$(BIN)/python -m docs.pictures

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "cherry-bridge needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu, first: apt install python3-venv"; exit 1; }

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing into .venv (a minute, once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Name versions and hashes for every platform, and no index.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml
lock:
	$(LOCK) --extra build -o requirements.lock
	$(LOCK) --extra build --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
