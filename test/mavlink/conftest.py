# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink camera that tests of its messages share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def tracker() -> Any:
    from mavlink_helpers import Tracker  # needs pymavlink, which not every test does

    return Tracker()


@pytest.fixture
def camera(tracker: Any) -> Any:
    from mavlink_helpers import ME

    from tracker_ros.mavlink.camera import Camera

    return Camera(ME, tracker, 0.2, 0.04, 0.0)
