# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Trackers in other forms than Python source."""

from tracker_ros.export.script import optimized, require_script

__all__ = ["optimized", "require_script"]
