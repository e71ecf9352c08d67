# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes, one a folder. They wire topics, services and parameters to the layers below."""
