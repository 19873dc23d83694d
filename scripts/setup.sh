#!/usr/bin/env bash
# Makes .venv from the lock file, fetches Spark's jars, and keeps Spark's classes for quick starts. Does nothing when all
# are up to date.
#   PYTHON=python3.12   the interpreter to build with (default: python3)
#   VENV=.venv          where to build
#   PYSPARK=4.0.2       another PySpark than the locked one (the test matrix uses it)
#   JARS_REPOSITORY     the Maven repository to fetch Spark's jars from, where Maven Central is out of reach;
#                       pip and uv have settings of their own for their index
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv}
lock=requirements.lock

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 2
}

command -v "$python" >/dev/null || fail "no $python on this machine; Python 3.10 or newer is needed (Debian: apt-get install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "$python is $("$python" -V 2>&1); Python 3.10 or newer is needed. Name another one: make setup PYTHON=python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make virtual environments (Debian: apt-get install python3-venv)"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null ||
  fail 'no Java found; Spark needs Java 17 or 21 (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME'
java_version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
case $java_version in
  17 | 21) ;;
  *) fail "$(command -v "$java") is Java ${java_version:-of an unknown version}; Spark needs Java 17 or 21 (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME" ;;
esac

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
# What the lock names is complete: nothing is left to resolve. Where pip is told of an index, uv hears of it, too.
fill() {
  local locked=(--no-deps --no-build-isolation --require-hashes -r "$lock")
  [ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
  [ -z "${PIP_FIND_LINKS:-}" ] || export UV_FIND_LINKS=${UV_FIND_LINKS:-$PIP_FIND_LINKS}
  [ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" "${locked[@]}" && return
  echo 'setup: uv could not fill it; pip does, which has settings of its own'
  pip install "${locked[@]}"
}
stale() { [ "$(cat "$venv/$1" 2>/dev/null)" != "$2" ]; }

interpreter=$("$python" -c 'import sys; print(sys.version)')
packages="$(cksum <"$lock") ${PYSPARK:-locked}"
project="$(cksum <pyproject.toml) $PWD"
if stale made-by "$interpreter"; then
  "$python" -m venv --clear "$venv"
  printf '%s\n' "$interpreter" >"$venv/made-by"
fi
if stale made-of "$packages"; then
  echo "setup: filling $venv with $("$python" -V) (a few minutes, once)"
  # PySpark comes as source. What builds it and this package is installed first, from the same lock, so that
  # nothing outside the lock takes part.
  build=$(mktemp)
  trap 'rm -f "$build"' EXIT
  awk '/^[a-z0-9]/ {keep = /^(hatchling|packaging|pathspec|pluggy|setuptools|tomli|tomlkit|trove-classifiers|uv|wheel)==/} keep' "$lock" >"$build"
  pip install --require-hashes --no-deps -r "$build"
  fill
  if [ -n "${PYSPARK:-}" ]; then
    pip install --no-build-isolation "pyspark==$PYSPARK"
  fi
  printf '%s\n' "$packages" >"$venv/made-of"
fi
if stale made-for "$project"; then
  pip install --no-deps --no-build-isolation --editable .
  printf '%s\n' "$project" >"$venv/made-for"
fi
"$venv/bin/python" -m etl_core.spark.jars
"$venv/bin/python" -m etl_core.spark.class_archive
