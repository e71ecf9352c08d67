# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The page in which a person selects a target: its server, its protocol and its files. It knows no ROS.

`tracker_ros.nodes.selector.node` connects it to a tracker node. docs/select.md describes its use and what it
trusts.
"""
