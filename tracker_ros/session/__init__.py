# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The state machine around any tracker: confidence, motion model, loss and re-detection."""

from tracker_ros.session.machine import Session
from tracker_ros.session.states import Report, SessionSettings, State

__all__ = ["Report", "Session", "SessionSettings", "State"]
