# `make` lists what can be made. Everything runs in .venv, which every target brings up to date first.
PYTHON ?= python3
export PYTHON
# What was compiled is kept, also where the environment says otherwise: tests start this program some hundred times.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup demo test night check bench matrix airflow image docs lock audit lint style

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## .venv from the lock file, and Spark's jars (quick when nothing changed; PYTHON=python3.12 chooses the interpreter)
	@scripts/setup.sh

demo: setup ## files travel from a local S3 through Spark to verdicts in an embedded Postgres (ARGS=--keep leaves it running)
	@.venv/bin/pipeline-processing demo $(ARGS)

test: style ## linters, types (beside the tests, which leave a core idle now and then), all tests but those for the night
	@.venv/bin/mypy --no-error-summary & types=$$!; \
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --no-header $(ARGS); tests=$$?; \
	wait $$types && exit $$tests

night: lint ## what takes minutes each: clusters, long faults, every work of the bench, the DAGs (before a release)
	@.venv/bin/python -m pytest -n 2 --dist loadfile --no-header -m night $(ARGS)
	@scripts/airflow.sh

check: lint ## the quick part, under a minute: linters, types, unit tests, architecture
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-quick} .venv/bin/python -m pytest -n 2 --dist loadfile -q --no-header tests/unit tests/test_architecture.py $(ARGS)

bench: setup ## figures: time and memory against Spark's bare read, DuckDB, PyDeequ (ARGS=--quick for smaller files, ARGS=compare for main against now)
	@.venv/bin/python -m tests.bench $(ARGS)

matrix: ## the tests on the oldest Python and PySpark, and on the newest
	@scripts/matrix.sh

airflow: setup ## the DAGs of conf/airflow, run by an Airflow in .airflow (Python 3.11 or newer)
	@scripts/airflow.sh $(ARGS)

image: ## the container image (needs docker or podman)
	@scripts/image.sh

docs: setup ## conf/schemas, docs/definition.md, payload.md, transforms.md, messages.md, the catalogue of messages (tests say when they are old), and the site of docs/ in site/, its links checked
	@.venv/bin/python scripts/stored_schemas.py
	@.venv/bin/python scripts/reference.py
	@.venv/bin/python scripts/transforms_page.py
	@.venv/bin/python scripts/wrong_files.py
	@.venv/bin/python scripts/message_catalogue.py
	@.venv/bin/mkdocs build --strict # with --quiet it would not count what it warns of

audit: setup ## hold what is locked against known security advisories (AUDIT_ADVISORIES names copies of OSV's lists)
	@.venv/bin/python scripts/audit.py $(ARGS)

lock: ## make requirements.lock again from pyproject.toml (UPGRADE=1 takes the newest versions)
	@scripts/lock.sh


style: setup
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet

lint: style
	@.venv/bin/mypy --no-error-summary
