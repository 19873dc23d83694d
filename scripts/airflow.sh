#!/usr/bin/env bash
# Makes .airflow from airflow/requirements.lock, and runs the tests of the DAGs there; arguments go to pytest.
#   AIRFLOW_PYTHON=python3.12   the interpreter to build with, 3.11 or newer (default: that of .venv)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${AIRFLOW_PYTHON:-.venv/bin/python}
lock=airflow/requirements.lock

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "airflow: $python is $("$python" -V 2>&1); Airflow needs Python 3.11 or newer. Name another one: AIRFLOW_PYTHON=python3.12 make airflow" >&2
  exit 2
}
made="$(cksum <"$lock") $("$python" -V)"
if [ "$(cat .airflow/made-of 2>/dev/null)" != "$made" ]; then
  echo "airflow: filling .airflow (a minute, once)"
  "$python" -m venv --clear .airflow
  # Everything is in the lock with its hash: nothing is left for pip to decide, which takes it minutes.
  .airflow/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r "$lock"
  printf '%s\n' "$made" >.airflow/made-of
fi
cd airflow/tests
exec ../../.airflow/bin/python -m pytest "$@"
