# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The colours, red green blue from 0 to 255, in which states of a session are shown."""

from __future__ import annotations

COLORS = {"ACQUIRING": (255, 200, 0), "TRACKING": (0, 220, 60), "COASTING": (255, 140, 0)}
