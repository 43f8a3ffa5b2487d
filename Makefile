# The one door: `make` lists what it can do, `make run` is the whole first experience.

# The first Python that really runs here, is new enough and can make a virtual environment. `make PYTHON=… run` names one.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	if "$$name" -c '$(USABLE)' 2>/dev/null; then command -v "$$name"; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
TEST_LOCK := tests/requirements.lock
TRACES_LOCK := gilfoyle/observability/requirements.lock
PLAYER_LOCK := gilfoyle/frontend/requirements.lock
DOCS_LOCK := docs/requirements.lock
AUDIT_LOCK := tests/release/requirements.lock
CODE := gilfoyle videos processing streaming manage.py
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PLAYER := gilfoyle/frontend/build.py
# Asked when it is needed: gilfoyle/__init__.py has it.
RELEASE = gilfoyle-$(lastword $(shell $(BIN)/python manage.py --version))
PYTEST_ARGS ?=
BENCH_ARGS ?=
CHAOS_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run install install-tests player test test-long test-races test-cockroachdb bench bench-upload bench-delivery bench-encryption bench-tokens bench-revocation bench-recognition bench-workers bench-million chaos check docs licences release-files audit lint types walls django-check lock format clean

help: ## list these targets
	@echo "Gilfoyle. What make can do:"
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /|/' | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

run: install player ## run Gilfoyle on this machine; Ctrl-C stops it (GILFOYLE_PORT, GILFOYLE_DATA_DIR move it)
	@exec $(BIN)/python manage.py up

install: $(VENV)/.installed ## make .venv with what Gilfoyle needs to run

install-tests: $(VENV)/.installed-tests ## the same with what the tests need too

player: $(VENV)/.installed ## fetch the scripts of the player's and the upload page (the player plays without where the browser can)
	@if [ -f $(PLAYER) ]; then \
		$(BIN)/python $(PLAYER) || echo "Notice: the pages' scripts could not be fetched; the rest works without them."; \
	fi

test: install-tests player ## run the tests; services that aren't here are skipped, and said so
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-long: install-tests player ## run those tests whole that are short in `make test`: fifty encodes, 500 damaged files, …
	GILFOYLE_TEST_LONG=1 $(BIN)/python -m pytest -m 'long or whole' $(PYTEST_ARGS)

# Browsers, damaged files and whole products bring nothing new here.
ON_DATABASE := -m 'database and not browser and not embedded and not faults and not once and not long'

test-races: install-tests ## run what meets the database (PostgreSQL: GILFOYLE_DATABASE_URL) at SERIALIZABLE, each transaction twice
	GILFOYLE_TEST_LOST_RACES=each GILFOYLE_TEST_ISOLATION=serializable \
		$(BIN)/python -m pytest $(ON_DATABASE) $(PYTEST_ARGS)

test-cockroachdb: install-tests ## run it by CockroachDB's backend over the PostgreSQL of GILFOYLE_DATABASE_URL (docs/databases.md)
	GILFOYLE_TEST_COCKROACHDB=1 $(BIN)/python -m pytest $(ON_DATABASE) $(PYTEST_ARGS)

bench: install-tests ## measure encoding beside ffmpeg by hand and the peers' settings (BENCH_ARGS: --quick, --write, …)
	$(BIN)/python -m tests.benchmarks.encode $(BENCH_ARGS)

bench-upload: install-tests ## measure uploads beside tusd, which Go builds (BENCH_ARGS as above)
	$(BIN)/python -m tests.benchmarks.upload $(BENCH_ARGS)

bench-delivery: install-tests ## measure delivery beside nginx alone, by wrk (Debian: nginx-light, wrk; BENCH_ARGS as above)
	$(BIN)/python -m tests.benchmarks.delivery $(BENCH_ARGS)

bench-encryption: install-tests ## measure what encrypting segments costs beside encoding them
	$(BIN)/python -m tests.benchmarks.encryption

bench-tokens: install-tests ## measure playback tokens checked in a second (BENCH_ARGS: --quick, --write)
	$(BIN)/python -m tests.benchmarks.tokens $(BENCH_ARGS)

bench-revocation: install-tests ## measure how fast 200 running players stop (BENCH_ARGS as above)
	$(BIN)/python -m tests.benchmarks.revocation $(BENCH_ARGS)

bench-recognition: install-tests ## measure what is recognised, what is taken for banned that isn't, and the search
	$(BIN)/python -m tests.benchmarks.recognition $(BENCH_ARGS)

bench-workers: install-tests ## simulate 64 workers (Debian: postgresql, rabbitmq-server, redis-server; BENCH_ARGS: --quick, --write, --only redis)
	$(BIN)/python -m tests.benchmarks.simulation $(BENCH_ARGS)

chaos: install-tests ## kill parts of a whole Gilfoyle at random while it works, and prove that nothing is lost (docs/faults.md)
	$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

bench-million: install-tests ## ask a house of a million videos for all that is asked all day (BENCH_ARGS: --data, --database, …)
	$(BIN)/python -m tests.benchmarks.million $(BENCH_ARGS)

check: install-tests ## lint, types, walls of the house, Django's checks, migrations, API schema
	@$(MAKE) --no-print-directory --keep-going --jobs=2 types lint walls django-check

docs: $(VENV)/.installed-docs ## build the documentation into build/docs; a broken link is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html --doctree-dir build/doctrees docs build/docs
	@echo "Open build/docs/index.html"

licences: install-tests ## write docs/licences.md from what is locked
	$(BIN)/python -m tests.release.licences

release-files: install-tests ## write the archive, the bill of materials and their sums into build/release (docs/release.md)
	rm -rf build/release && mkdir -p build/release
	git archive --format=tar.gz --prefix=$(RELEASE)/ --output=build/release/$(RELEASE).tar.gz HEAD
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m tests.release.sbom build/release/$(RELEASE).cdx.json
	cd build/release && sha256sum $(RELEASE).* >SHA256SUMS

# In a folder of its own, and strict: a package that could not be asked about is no package without faults.
audit: $(VENV)/pyvenv.cfg ## ask whether faults are known of what is locked (asks the package index; not a part of CI)
	$(BIN)/python -m venv --clear build/audit
	build/audit/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r $(AUDIT_LOCK)
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
		-r $(LOCK) -r $(TRACES_LOCK) -r $(PLAYER_LOCK)
	cd gilfoyle/frontend && npm audit --package-lock-only

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy $(CODE) tests

walls:
	$(BIN)/lint-imports --no-cache

django-check:
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

format: install-tests ## format the code and repair what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: install-tests ## write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --output-file $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --constraints $(LOCK) --output-file $(TEST_LOCK)
	$(BIN)/uv pip compile --group audit --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --constraints $(TEST_LOCK) --output-file $(AUDIT_LOCK)
	$(BIN)/uv pip compile --group otel --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --constraints $(LOCK) --output-file $(TRACES_LOCK)
	$(BIN)/uv pip compile --group frontend --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --output-file $(PLAYER_LOCK)
	$(BIN)/uv pip compile --group docs --universal --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --constraints $(TEST_LOCK) --output-file $(DOCS_LOCK)

clean: ## remove .venv and caches; the data folder stays
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@python="$(PYTHON)"; "$${python:-python3}" -c '$(USABLE)' 2>/dev/null || { \
		echo "Gilfoyle needs Python 3.11 or newer with its venv module, and found $$("$${python:-python3}" -V 2>/dev/null || echo none)."; \
		echo "Install it (Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; \
		exit 1; }; \
	echo "Making $(VENV) with $$("$$python" -V)."; \
	"$$python" -m venv $(VENV)

# The stamps change only after pip succeeded, so an interrupted installation is tried again.
$(VENV)/.installed: $(LOCK) | $(VENV)/pyvenv.cfg
	@echo "Installing what Gilfoyle needs (once; a minute or two)."
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip >/dev/null
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r $(LOCK)
	@touch $@

$(VENV)/.installed-tests: $(TEST_LOCK) $(VENV)/.installed
	@echo "Installing what the tests need (once)."
	@$(PIP) install --require-hashes --no-deps -r $(TEST_LOCK)
	@touch $@

$(VENV)/.installed-docs: $(DOCS_LOCK) $(VENV)/.installed
	@echo "Installing what builds the documentation (once)."
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r $(DOCS_LOCK)
	@touch $@
