# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Trackers in other forms than Python source."""

from tracker_ros.export.script import optimized

__all__ = ["optimized"]
