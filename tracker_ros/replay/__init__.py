# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Recorded bags through a tracker: offline, without a ROS, and the same every time."""
