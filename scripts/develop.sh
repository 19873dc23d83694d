#!/usr/bin/env bash
# The container's arguments in a checkout: installs what is locked unless SKIP_INSTALL=1, then runs the program. The working
# directory stays, so that `.env` and files are found where the caller is.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ "${SKIP_INSTALL:-}" != 1 ]; then
  make --directory "$home" --no-print-directory setup >&2
fi
[ -x "$home/.venv/bin/pipeline-processing" ] || { echo "develop: nothing is installed in $home/.venv; leave out SKIP_INSTALL" >&2; exit 2; }
exec "$home/.venv/bin/pipeline-processing" "$@"
