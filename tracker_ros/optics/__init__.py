# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Turn pixels into directions and places in front of a camera. Plain Python and numpy: no ROS, no PyTorch.

Vectors are those of a camera's optical frame (REP 103): x to the right, y down, z forward.
"""
