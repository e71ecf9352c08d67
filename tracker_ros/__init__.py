# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""tracker_ros: visual single-object trackers as ROS 2 lifecycle nodes."""

from pkgutil import extend_path

# The generated `tracker_ros.msg` and `tracker_ros.srv` live in the installed copy; this line lets a
# source tree find them there.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
