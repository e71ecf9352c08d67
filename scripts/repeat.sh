#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Runs the tests several times in a row, so that one that fails now and then is found: a line for each run.
#   scripts/repeat.sh [N] [pytest arguments]     N is 10 unless given
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
runs=10
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  runs="$1"
  shift
fi
bash "$root/scripts/setup.sh"
bin="$(realpath "${TRACKER_ROS_VENV:-$root/.venv}")/bin"
export ROS_LOG_DIR="${ROS_LOG_DIR:-$root/log}"
cd "$root"
mkdir -p log
failed=0
for ((run = 1; run <= runs; run++)); do
  log="log/repeat-$run.txt"
  "$bin/python" -m pytest -q "$@" >"$log" 2>&1 || failed=$((failed + 1))
  echo "run $run: $(tail -n 1 "$log")"
  grep -E '^(FAILED|ERROR) ' "$log" || true
done
echo "$((runs - failed)) of $runs runs without a failure; their output is in log/repeat-*.txt"
exit $((failed > 0))
