#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Half an hour of a 60 Hz camera into a 15 Hz tracker: ages, drops and memory (test/nodes/soak.py --help).
#   scripts/soak.sh [--seconds 1800] [--rate 60] [--tracker-rate 15]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bash "$root/scripts/setup.sh"
bin="$(realpath "${TRACKER_ROS_VENV:-$root/.venv}")/bin"
export ROS_LOG_DIR="${ROS_LOG_DIR:-$root/log}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
PYTHONPATH="$root/test/helpers${PYTHONPATH:+:$PYTHONPATH}" exec "$bin/python" "$root/test/nodes/soak.py" "$@"
