# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Bearings of pixels and attitudes of the camera, against OpenCV and SciPy."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from tracker_ros.gimbal import attitude as att
from tracker_ros.gimbal.camera import Camera, CameraError, read_calibration

K = [700.0, 0.0, 320.0, 0.0, 690.0, 236.0, 0.0, 0.0, 1.0]
P = [600.0, 0.0, 310.0, 0.0, 0.0, 610.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
ANGLES = st.floats(-3.1, 3.1)


def rotation(q: att.Quaternion) -> Rotation:
    return Rotation.from_quat([q.x, q.y, q.z, q.w])


# -- bearings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "distortion",
    [(0.0, 0.0, 0.0, 0.0, 0.0), (-0.28, 0.09, 0.001, -0.002, -0.01), (0.15, -0.3, -0.003, 0.004, 0.2)],
)
def test_bearings_are_those_that_opencv_projects(distortion: tuple[float, ...]) -> None:
    camera = read_calibration("plumb_bob", distortion, K, P, rectified=False)
    for a in np.linspace(-0.45, 0.45, 7):
        for b in np.linspace(-0.33, 0.33, 6):
            point, still, matrix = np.array([[[a, b, 1.0]]]), np.zeros(3), np.reshape(K, (3, 3))
            projected, _ = cv2.projectPoints(point, still, still, matrix, np.array(distortion))
            # OpenCV and CameraInfo count pixels from the centre of the first one.
            forward, right, down = camera.bearing(*(projected.ravel() + 0.5).tolist())
            assert math.hypot(forward, right, down) == pytest.approx(1)
            assert (right / forward, down / forward) == pytest.approx((a, b), abs=1e-9)


@given(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3))
def test_distortion_is_undone(a: float, b: float) -> None:
    camera = Camera(500, 510, 321, 239, (-0.2, 0.05, 0.002, -0.001, 0.01))
    u, v = camera.distorted(a, b)
    forward, right, down = camera.bearing(500 * u + 321, 510 * v + 239)
    assert (right / forward, down / forward) == pytest.approx((a, b), abs=1e-9)


def test_rectified_images_have_the_camera_of_p() -> None:
    camera = read_calibration("fisheye", [0.1] * 4, K, P, rectified=True)
    assert camera == Camera(600, 610, 310.5, 230.5)


@pytest.mark.parametrize(
    ("model", "d", "k", "message"),
    [
        ("plumb_bob", [0.0] * 5, [0.0] * 9, "no calibration"),
        ("plumb_bob", [math.nan] * 5, K, "no calibration"),
        ("equidistant", [0.1, 0.2, 0.3, 0.4], K, "'equidistant' with 4 coefficients.*rectified"),
        ("rational_polynomial", [0.1] * 8, K, "'rational_polynomial' with 8"),
    ],
)
def test_calibrations_that_cannot_be_used_are_named(
    model: str, d: list[float], k: list[float], message: str
) -> None:
    with pytest.raises(CameraError, match=message):
        read_calibration(model, d, k, P, rectified=False)


def test_a_pixel_that_the_lens_never_shows_is_refused() -> None:
    camera = read_calibration("plumb_bob", [-0.4, 0.0, 0.0, 0.0, 0.0], K, P, rectified=False)
    with pytest.raises(CameraError, match="no direction"):
        camera.bearing(3000.0, 236.0)


# -- attitudes ------------------------------------------------------------------------------------------


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
