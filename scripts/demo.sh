#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Sets everything up, then runs the demonstration; arguments go to `tracker_ros demo`.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bash "$root/scripts/setup.sh"
exec "$(realpath "${TRACKER_ROS_VENV:-$root/.venv}")/bin/tracker_ros" demo "$@"
