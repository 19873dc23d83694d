#!/usr/bin/env bash
# Re-makes the lock files from pyproject.toml: every package for every supported Python, with its hashes and without
# the address of any index. uv is needed for this only; it is installed beside the environment, not into it.
#   requirements.lock           everything: to run, to build, to test
#   requirements-runtime.lock   the part of it that runs: what the image holds and what travels to a cluster
#   airflow/requirements.lock   Airflow with its providers, for `make airflow`
#   UPGRADE=1                   take the newest versions instead of keeping what still fits
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/uv"
"$scratch/uv/bin/pip" --disable-pip-version-check --quiet install uv
# The newest PySpark that this version is tested with; 4.0.2, the other end, is tested by `make matrix`.
echo 'pyspark==4.2.0' >"$scratch/constraints"

lock() {
  "$scratch/uv/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.10 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}
lock --constraint "$scratch/constraints" --extra demo --extra operations --extra records --extra serve --group build --group dev ${UPGRADE:+--upgrade} \
  --output-file requirements.lock
rm -f requirements-runtime.lock # no older choice may linger in it
lock --constraint requirements.lock --extra operations --extra records --extra serve --output-file requirements-runtime.lock

# Airflow's environment is its own: it could not share one with the program.
"$scratch/uv/bin/uv" pip compile airflow/requirements.in --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} \
  --output-file airflow/requirements.lock
