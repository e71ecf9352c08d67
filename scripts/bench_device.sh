#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# Measures the trackers on this machine and files the figures as JSON, named after the device.
#   bash scripts/bench_device.sh [FOLDER] [OPTIONS OF tracker_ros bench]
# FOLDER (default: docs/benchmarks) gets DEVICE.json and, where ROS 2 is, DEVICE.node.json.
# On a Jetson set the power mode first: sudo nvpmodel -m 0 && sudo jetson_clocks
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
folder="${1:-$root/docs/benchmarks}"
[ $# -eq 0 ] || shift
python="$(realpath "${TRACKER_ROS_VENV:-$root/.venv}")/bin/python"
[ -x "$python" ] || python=python3
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

has() { "$python" -c "$1" > /dev/null 2>&1; }

device=cpu
if has "import sys, torch; sys.exit(not torch.cuda.is_available())"; then device=cuda; fi
name="$("$python" -c "
import re
from tracker_ros.benchmark.machine import board
print(re.sub(r'[^a-z0-9]+', '_', board().lower()).strip('_'))")_$device"
mkdir -p "$folder"
"$python" -m tracker_ros.cli bench --trackers siamban_mobile,dcf,dcf_tiny,dslt_mobile,kcf,csrt --device "$device" \
    --json "$folder/$name.json" "$@"
echo "$folder/$name.json"
if has "import rclpy, tracker_ros.msg"; then
    "$python" -m tracker_ros.cli latency --json "$folder/$name.node.json"
    echo "$folder/$name.node.json"
fi
