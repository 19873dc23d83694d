#!/usr/bin/env bash
# Builds the container image pipeline-processing:VERSION.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
builder=$(command -v docker || command -v podman || true)
if [ -z "$builder" ]; then
  echo 'image: neither docker nor podman is on this machine; the image was not built' >&2
  exit 2
fi
if ! "$builder" info >/dev/null 2>&1; then
  echo "image: $builder is installed but no engine answers; the image was not built" >&2
  exit 2
fi
exec "$builder" build --tag "pipeline-processing:$version" .
