# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Protocols, metrics, the runner and the report of `tracker_ros eval`."""
