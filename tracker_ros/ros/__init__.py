# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""What ROS 2 nodes share: image and message conversion, quality of service, parameters, transitions."""
