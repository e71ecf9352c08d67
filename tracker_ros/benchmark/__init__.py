# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Measuring speed on this machine: trackers alone, and in their node."""
