# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Places on the earth, against closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from tracker_ros.mavlink.geodesy import Place, offset, to_earth  # noqa: E402

ZURICH = Place(47.397742, 8.545594, 488.0)
METRES = st.floats(-3000.0, 3000.0)


def test_small_steps_are_those_of_the_radii_of_curvature() -> None:
    """A degree of latitude is M, one of longitude N cos(latitude), on an ellipsoid (Snyder 1987, ch. 4)."""
    a, e2, latitude = 6378137.0, 0.00669437999014, math.radians(ZURICH.latitude)
    w2 = 1 - e2 * math.sin(latitude) ** 2
    meridian, normal = a * (1 - e2) / w2**1.5 + ZURICH.altitude, a / math.sqrt(w2) + ZURICH.altitude
    north, east, up = (offset(ZURICH, *step) for step in ((0, 10, 0), (10, 0, 0), (0, 0, 10)))
    assert math.radians(north.latitude - ZURICH.latitude) * meridian == pytest.approx(10, abs=1e-4)
    turn = math.radians(east.longitude - ZURICH.longitude)
    assert turn * normal * math.cos(latitude) == pytest.approx(10, abs=1e-4)
    assert up.altitude == pytest.approx(498.0, abs=1e-6) and up[:2] == pytest.approx(ZURICH[:2], abs=1e-10)


@given(METRES, METRES, METRES, st.floats(-85.0, 85.0), st.floats(-180.0, 179.9))
def test_the_place_has_the_coordinates_of_the_sum(
    east: float, north: float, up: float, latitude: float, longitude: float
) -> None:
    origin = Place(latitude, longitude, 100.0)
    found = offset(origin, east, north, up)
    assert math.dist(to_earth(found), to_earth(origin)) == pytest.approx(
        math.hypot(east, north, up), abs=1e-3
    )
    assert (found.latitude > origin.latitude) == (north > 0) or abs(north) < 10


def test_the_pole_and_the_equator() -> None:
    assert to_earth(Place(0.0, 0.0, 0.0)) == pytest.approx((6378137.0, 0, 0))
    assert to_earth(Place(90.0, 0.0, 0.0))[2] == pytest.approx(6356752.314245, abs=1e-5)


@pytest.mark.parametrize("place", [(math.nan, 0, 0), (95, 0, 0), (0, 200, 0), (0, 0, math.inf)])
def test_what_is_no_place_is_said(place: tuple[float, float, float]) -> None:
    assert Place(*place).problem() and not ZURICH.problem()
