# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Directions of pixels against OpenCV, for every distortion model, binning and region of interest."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optics_helpers import IDENTITY, K, info, region
from scipy.spatial.transform import Rotation

from tracker_ros.optics.camera import Camera, read_camera
from tracker_ros.optics.lens import CameraError, Equidistant, Polynomial

POLYNOMIALS = [
    ("plumb_bob", (0.0, 0.0, 0.0, 0.0, 0.0)),
    ("plumb_bob", (-0.28, 0.09, 0.001, -0.002, -0.01)),
    ("plumb_bob", (0.15, -0.3, -0.003, 0.004, 0.2)),
    ("plumb_bob", (0.15, -0.3, -0.003, 0.004)),
    ("rational_polynomial", (0.4, -0.3, 0.001, -0.002, 0.02, 0.7, -0.2, 0.01)),
    ("rational_polynomial", (0.4, -0.3, 0.001, -0.002, 0.02, 0.7, -0.2, 0.01, 0.003, -0.002, 0.004, 0.001)),
    ("rational_polynomial", (0.4, -0.3, 0.001, -0.002, 0.02, 0.7, -0.2, 0.01, *(0.0,) * 6)),
]


def seen(ray: tuple[float, float, float]) -> tuple[float, float]:
    assert math.hypot(*ray) == pytest.approx(1)
    return ray[0] / ray[2], ray[1] / ray[2]


@pytest.mark.parametrize(("model", "d"), POLYNOMIALS)
def test_polynomials_are_opencvs(model: str, d: tuple[float, ...]) -> None:
    camera = read_camera(info(distortion_model=model, d=d))
    for a in np.linspace(-0.45, 0.45, 7):
        for b in np.linspace(-0.33, 0.33, 6):
            point, still, matrix = np.array([[[a, b, 1.0]]]), np.zeros(3), np.reshape(K, (3, 3))
            projected, _ = cv2.projectPoints(point, still, still, matrix, np.array(d))
            # OpenCV and CameraInfo count pixels from the centre of the first one.
            assert seen(camera.ray(*(projected.ravel() + 0.5).tolist())) == pytest.approx((a, b), abs=1e-9)


@pytest.mark.parametrize("model", ["equidistant", "fisheye"])
@pytest.mark.parametrize("d", [(0.0, 0.0, 0.0, 0.0), (-0.02, 0.01, -0.004, 0.0007)])
def test_the_fisheye_is_opencvs(model: str, d: tuple[float, ...]) -> None:
    camera = read_camera(info(distortion_model=model, d=d))
    for a in np.linspace(-2.5, 2.5, 7):
        for b in np.linspace(-1.5, 1.5, 6):
            matrix = np.reshape(K, (3, 3))
            projected = cv2.fisheye.distortPoints(np.array([[[a, b]]]), matrix, np.array(d))
            assert seen(camera.ray(*(projected.ravel() + 0.5).tolist())) == pytest.approx((a, b), abs=1e-9)


def test_a_fisheye_sees_behind_itself() -> None:
    lens = Equidistant((0.0,) * 4)
    assert lens.ray(math.radians(100), 0.0) == pytest.approx(
        (math.sin(math.radians(100)), 0.0, math.cos(math.radians(100)))
    )
    assert lens.ray(0.0, 0.0) == (0.0, 0.0, 1.0)
    assert lens.ray(3.3, 0.0) is None  # more than half a turn
    assert Equidistant((-0.5, 0.0, 0.0, 0.0)).ray(0.9, 0.0) is None  # beyond the fold of its curve


@given(st.floats(-0.4, 0.4), st.floats(-0.3, 0.3))
def test_distortion_is_undone(a: float, b: float) -> None:
    lens = Polynomial((-0.2, 0.05, 0.002, -0.001, 0.01, 0.03, -0.02, 0.01, 0.001, 0.002, -0.003, 0.001))
    camera = Camera(500, 510, 321, 239, lens)
    u, v = lens.distorted(a, b)
    assert seen(camera.ray(500 * u + 321, 510 * v + 239)) == pytest.approx((a, b), abs=1e-9)


def test_rectified_images_have_the_camera_of_p() -> None:
    camera = read_camera(info(distortion_model="odd", d=[0.1] * 7), rectified=True)
    assert camera[:4] == (600, 610, 310.5, 230.5)
    assert camera.ray(310.5, 230.5) == (0, 0, 1)


def test_a_turned_camera_of_a_stereo_pair_answers_in_the_frame_of_its_rectified_image() -> None:
    turn, d = Rotation.from_euler("xyz", [0.02, -0.03, 0.01]).as_matrix(), (-0.28, 0.09, 0.001, -0.002, 0.0)
    camera = read_camera(info(r=turn.ravel().tolist(), d=d))
    pixel = np.array([[[411.0, 77.0]]])
    expected = cv2.undistortPoints(pixel, np.reshape(K, (3, 3)), np.array(d), R=turn).ravel()
    assert seen(camera.ray(411.5, 77.5)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("binning", [1, 2, 4])
def test_regions_and_binning_keep_directions(rectified: bool, binning: int) -> None:
    """A corner of the window's pixels is a corner of the sensor's, whatever part is sent and how."""
    d = (-0.28, 0.09, 0.001, -0.002, -0.01)
    whole = read_camera(info(d=d), rectified)
    part = info(d=d, roi=region(100, 60, 320, 240), binning_x=binning, binning_y=binning)
    camera = read_camera(part, rectified)
    camera.require_size(320 // binning, 240 // binning)
    for x, y in ((0, 0), (160, 120), (320, 240), (37.5, 200.25)):
        assert camera.ray(x / binning, y / binning) == pytest.approx(whole.ray(x + 100, y + 60))
    assert camera.extent(10, 10, 3.0) == pytest.approx(whole.extent(10 * binning, 10 * binning, 3.0))


def test_images_of_another_size_are_refused_with_both_sizes() -> None:
    camera = read_camera(info())
    camera.require_size(640, 480)
    for size in ((1280, 960), (639, 480), (640, 481), (480, 640)):
        with pytest.raises(
            CameraError, match=f"of 640 x 480 pixels, but the images have {size[0]} x {size[1]}"
        ):
            camera.require_size(*size)
    odd = read_camera(info(width=641, height=481, binning_x=2, binning_y=2))
    odd.require_size(320, 240), odd.require_size(321, 241)  # cameras round either way
    with pytest.raises(CameraError, match="320.5 x 240.5"):
        odd.require_size(322, 241)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": [0.0] * 9}, "no calibration"),
        ({"d": [math.nan] * 5}, "no calibration"),
        ({"width": 0}, "does not say how large"),
        ({"distortion_model": "equidistant", "d": [0.1] * 5}, "'equidistant' with 5 coefficients.*rectified"),
        ({"distortion_model": "plumb_bob", "d": [0.1] * 8}, "'plumb_bob' with 8"),
        ({"distortion_model": "rational_polynomial", "d": [0.1] * 14}, "'rational_polynomial' with 14"),
        ({"distortion_model": "division", "d": [0.1]}, "'division' with 1"),
        ({"r": [2.0, *IDENTITY[1:]]}, "R is not a rotation"),
        (
            {"roi": region(500, 0, 200, 480)},
            r"200 x 480 pixels at \(500, 0\), reaches over its sensor of 640",
        ),
    ],
)
def test_calibrations_that_cannot_be_used_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CameraError, match=message):
        read_camera(info(**changes))


def test_what_drivers_leave_empty_is_taken_as_it_is_meant() -> None:
    assert read_camera(info(distortion_model="", d=[], r=[0.0] * 9)).ray(320.5, 236.5) == (0, 0, 1)


def test_a_pixel_that_the_lens_never_shows_is_refused() -> None:
    camera = read_camera(info(d=[-0.4, 0.0, 0.0, 0.0, 0.0]))
    with pytest.raises(CameraError, match="no direction"):
        camera.ray(3000.0, 236.0)
