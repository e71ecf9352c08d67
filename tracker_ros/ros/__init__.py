# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Common parts of ROS 2 nodes: image and message conversion, quality of service, parameters, transitions."""
