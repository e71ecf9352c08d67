# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Lengths of time as people write them."""

from __future__ import annotations

import re

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Read a length of time such as '90', '90s', '30m' or '1.5h'.

    Raises:
        ValueError: for anything else, or nothing at all.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found or float(found[1]) <= 0:
        raise ValueError(f"'{text}' is no length of time: write 90s, 30m or 1.5h")
    return float(found[1]) * _UNITS[found[2]]


def spoken(length: float) -> str:
    """Write a length of time in seconds as people say it: '40 s', '12 min', '3.5 h', '2.1 days'."""
    for unit, name, most in ((1.0, "s", 90.0), (60.0, "min", 90.0), (3600.0, "h", 48.0)):
        if length / unit < most:
            return f"{length / unit:.2g} {name}" if length / unit < 10 else f"{length / unit:.0f} {name}"
    return f"{length / 86400:.2g} days" if length < 864000 else f"{length / 86400:.0f} days"
