"""The state machine around any tracker: confidence, motion model, loss and re-detection."""

from tracker_ros.session.machine import Session
from tracker_ros.session.states import Report, SessionSettings, State

__all__ = ["Report", "Session", "SessionSettings", "State"]
