#!/usr/bin/env bash
# Runs the tests on both ends of what is supported: the oldest Python with the oldest PySpark, the newest with the
# newest. Each end has an environment of its own under .matrix/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run() { # python, pyspark (empty: the locked one)
  local venv
  venv=.matrix/$(basename "$1")-pyspark-${2:-locked}
  printf '\n== %s, PySpark %s\n' "$("$1" -V)" "${2:-as locked}"
  PYTHON=$1 PYSPARK=$2 VENV=$venv scripts/setup.sh
  "$venv/bin/python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q --no-header
}

# The interpreter of one minor version: on the PATH, or among those that pyenv keeps.
find_python() {
  local kept
  for kept in "python$1" "$(pyenv root 2>/dev/null)"/versions/"$1".*/bin/"python$1"; do
    "$kept" -c '' 2>/dev/null && { echo "$kept"; return; }
  done
  return 1
}

oldest=$(find_python 3.10) || { echo 'matrix: no Python 3.10 on this machine' >&2; exit 2; }
newest=$(find_python 3.13 || find_python 3.12 || find_python 3.11) ||
  { echo 'matrix: no Python 3.11 to 3.13 on this machine' >&2; exit 2; }
run "$oldest" 4.0.2
run "$newest" ''
