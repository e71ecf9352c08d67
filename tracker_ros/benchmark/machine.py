# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Describe the machine that a benchmark ran on: board, power mode, versions."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import torch


def machine(args: argparse.Namespace) -> dict[str, Any]:
    """Describe this machine: everything that the figures depend on."""
    device = torch.device(args.device)
    runs_on = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {
        "device": board(),
        "runs_on": runs_on,
        "cores": os.cpu_count(),
        "power_mode": power_mode(),
        "threads": args.threads,
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        "python": platform.python_version(),
    }


def board() -> str:
    """Name of the board, as a Jetson gives it, or else of the CPU."""
    model = Path("/proc/device-tree/model")
    if model.is_file():
        return model.read_text().rstrip("\0\n")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def power_mode() -> str:
    """Read a Jetson's power mode from `nvpmodel -q`, as one line; empty on other machines."""
    program = shutil.which("nvpmodel")
    if program is None:
        return ""
    ended = subprocess.run([program, "-q"], capture_output=True, text=True, timeout=20, check=False)
    return " ".join(ended.stdout.split())
