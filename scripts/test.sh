#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Sets everything up, then checks style, spelling and types, builds the documentation and runs the tests.
#   scripts/test.sh [--cov] [pytest arguments]     with pytest arguments the documentation is not built
# --cov adds a coverage report, node processes included, and fails below 90 %.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bash "$root/scripts/setup.sh"
bin="$(realpath "${TRACKER_ROS_VENV:-$root/.venv}")/bin"
cd "$root"
export ROS_LOG_DIR="${ROS_LOG_DIR:-$root/log}"
"$bin/python" -m ruff check .
"$bin/python" -m ruff format --check .
"$bin/typos"
"$bin/python" -m mypy
if [[ $# -eq 0 ]]; then
  bash scripts/docs.sh --quiet
fi
exec "$bin/python" -m pytest "$@"
