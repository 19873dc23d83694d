#!/usr/bin/env bash
# Re-makes requirements.lock from pyproject.toml: every package for every supported Python, with its hashes and
# without the address of any index. uv is needed for this only; it is installed beside the environment, not into it.
#   UPGRADE=1   take the newest versions instead of keeping what still fits
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/uv"
"$scratch/uv/bin/pip" --disable-pip-version-check --quiet install uv
# The newest PySpark that this version is tested with; 4.0.2, the other end, is tested by `make matrix`.
echo 'pyspark==4.2.0' >"$scratch/constraints"
"$scratch/uv/bin/uv" pip compile pyproject.toml --output-file requirements.lock --quiet \
  --universal --python-version 3.10 --generate-hashes --extra demo --group build --group dev \
  --constraint "$scratch/constraints" --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  ${UPGRADE:+--upgrade}
