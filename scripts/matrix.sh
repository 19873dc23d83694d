#!/usr/bin/env bash
# Runs the tests on both ends of what is supported: the oldest Python with the oldest PySpark, the newest with the
# newest. Each end has an environment of its own under .matrix/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run() { # python, pyspark (empty: the locked one)
  local venv=.matrix/$1-pyspark-${2:-locked}
  printf '\n== %s, PySpark %s\n' "$1" "${2:-as locked}"
  PYTHON=$1 PYSPARK=$2 VENV=$venv scripts/setup.sh
  "$venv/bin/python" -m pytest -n 2 --dist loadfile -q --no-header
}

newest=
for candidate in python3.10 python3.11 python3.12 python3.13; do
  if "$candidate" -c '' 2>/dev/null; then
    oldest=${oldest:-$candidate}
    newest=$candidate
  fi
done
[ -n "$newest" ] || { echo 'matrix: none of python3.10 to python3.13 is on this machine' >&2; exit 2; }
run "$oldest" 4.0.2
run "$newest" ''
