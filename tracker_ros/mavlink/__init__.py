# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker as a camera on a MAVLink network. Knows the protocol, not ROS."""

try:
    import pymavlink  # noqa: F401
except ModuleNotFoundError as missing:
    text = "MAVLink needs the Python package pymavlink: pip install '.[mavlink]' in the folder of the sources"
    raise ModuleNotFoundError(text, name="pymavlink") from missing
