# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros latency`: what the tracker node adds to its tracker, measured from outside.

A camera in this process publishes images at a fixed rate to a tracker node in a process of its own, and
waits for the target that it answers each with. The time from publishing an image to the arrival of its
target, less the time that the same tracker takes for the same images at the same rate without a node, is
the node's and the middleware's own.
"""
