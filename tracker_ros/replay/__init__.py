"""Recorded bags through a tracker: offline, without a ROS, and the same every time."""
