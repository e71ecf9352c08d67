# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Memory use, a device's without loading torch into the process that asks."""

from __future__ import annotations

import ctypes
import os
from typing import NamedTuple

LITTLE_SHARED = 512 << 20
"""Bytes of /dev/shm below which every process takes a small segment (config/fastdds_small.xml)."""
SMALL_SEGMENT = 9 << 20
"""Bytes that such a segment takes, with what the middleware keeps beside it."""


class Memory(NamedTuple):
    """Bytes in use and in all, by every process."""

    where: str
    used: int
    total: int


class _NvmlMemory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


def device_memory(device: str) -> Memory | None:
    """Measure the memory of the GPU for 'cuda', 'cuda:N' and 'auto' with an NVIDIA driver; else of the host.

    A Jetson's GPU uses the host's memory, and its driver has no answer of its own. None where neither
    is known.
    """
    if device == "auto" or device.startswith("cuda"):
        index = device.partition(":")[2]
        measured = _gpu_memory(int(index) if index.isdigit() else 0)
        if measured is not None:
            return measured
    return _host_memory()


def shared_memory(folder: str = "/dev/shm") -> Memory | None:
    """Return the use of the shared memory through which the middleware passes images; None without any."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    return Memory(folder, total - free, total) if total else None


def _gpu_memory(index: int) -> Memory | None:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    handle, info = ctypes.c_void_p(), _NvmlMemory()
    # Each call answers 0 for success.
    if (
        nvml.nvmlInit_v2()
        or nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
        or nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(info))
    ):
        return None
    return Memory(f"GPU {index}", info.used, info.total)


def _host_memory() -> Memory | None:
    try:
        with open("/proc/meminfo") as stream:
            kib = {line.split(":")[0]: int(line.split()[1]) for line in stream}
    except OSError:  # not Linux
        return None
    total = kib["MemTotal"] * 1024
    return Memory("host memory", total - kib["MemAvailable"] * 1024, total)
