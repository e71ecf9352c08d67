# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Attitudes of the camera, against SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from tracker_ros.gimbal import attitude as att

ANGLES = st.floats(-3.1, 3.1)


def rotation(q: att.Quaternion) -> Rotation:
    return Rotation.from_quat([q.x, q.y, q.z, q.w])


@given(ANGLES, st.floats(-1.5, 1.5))
def test_yaw_then_pitch(yaw: float, pitch: float) -> None:
    q = att.from_yaw_pitch(yaw, pitch)
    reference = Rotation.from_euler("ZYX", [yaw, pitch, 0.0])
    v = (0.3, -0.5, 0.8)
    assert att.rotate(q, v) == pytest.approx(reference.apply(v))
    axis = att.direction(att.rotate(q, att.FORWARD))
    assert (att.difference(axis.azimuth, yaw), axis.elevation) == pytest.approx((0, pitch), abs=1e-7)


@given(ANGLES, ANGLES, ANGLES, ANGLES, st.floats(0, 1))
def test_slerp_is_scipys(y0: float, p0: float, y1: float, p1: float, share: float) -> None:
    a, b = att.from_yaw_pitch(y0, p0), att.from_yaw_pitch(y1, p1)
    turned = rotation(att.slerp(a, b, share))
    turn = (rotation(a).inv() * rotation(b)).magnitude()
    if turn < 3.1:  # at half a turn either way is the shortest
        expected = Slerp([0, 1], Rotation.concatenate([rotation(a), rotation(b)]))(share)
        assert (turned.inv() * expected).magnitude() < 1e-6


def test_history_interpolates_goes_on_and_forgets() -> None:
    history = att.AttitudeHistory(seconds=1.0, reach=0.1)
    assert history.at(0.0) is None
    for step in range(31):
        history.add(step / 10, att.from_yaw_pitch(0.2 * step / 10, -0.5))
    for at in (2.03, 2.5, 2.97, 3.0, 3.08):
        q = history.at(at)
        assert q is not None
        axis = att.direction(att.rotate(q, att.FORWARD))
        assert axis.azimuth == pytest.approx(0.2 * at, abs=2e-3)
    assert history.at(3.2) is None and history.at(1.5) is None
    history.add(2.9, att.from_yaw_pitch(9.0, 0.0))  # late: ignored
    assert history.at(3.0) == pytest.approx(att.from_yaw_pitch(0.6, -0.5))
    history.add(0.5, att.from_yaw_pitch(1.0, 0.0))  # a bag that starts over
    assert history.at(0.5) == att.from_yaw_pitch(1.0, 0.0) and history.at(3.0) is None


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.0, 0.0), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1)])
def test_what_is_no_attitude_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="is not an attitude"):
        att.normalized(*values)
