"""Protocols, metrics, the runner and the report of `tracker_ros eval`."""
