# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Turn a box on an image into rate commands for a gimbal. No ROS, no clock: every call is told the time.

Frames are those of MAVLink's gimbal protocol: x forward, y right, z down (FRD). Pitch is positive up and
yaw positive to the right; a camera's optical axis is its gimbal's x axis. Angles are radians and rates
radians a second unless a name ends in ``_deg``.
"""
