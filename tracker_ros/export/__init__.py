"""Trackers in other forms than Python source."""

from tracker_ros.export.script import optimized

__all__ = ["optimized"]
