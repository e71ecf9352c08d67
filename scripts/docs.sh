#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Builds the documentation's site into site/; a link or a name that leads nowhere is an error.
#   scripts/docs.sh [serve]     serve: show it on this machine and build anew at each change
# It has an environment of its own: .venv-docs, or the folder that TRACKER_ROS_DOCS_VENV names.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${TRACKER_ROS_DOCS_VENV:-$root/.venv-docs}"
wanted="$(sha256sum "$root/requirements/docs.txt")"
if [[ "$(cat "$venv/stamp" 2>/dev/null)" != "$wanted" ]]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/requirements/docs.txt"
  echo "$wanted" >"$venv/stamp"
fi
cd "$root"
export NO_MKDOCS_2_WARNING=1  # the theme's advertisement
if [[ "${1:-}" == serve ]]; then
  exec "$venv/bin/mkdocs" serve --strict
fi
exec "$venv/bin/mkdocs" build --strict --clean "$@"
