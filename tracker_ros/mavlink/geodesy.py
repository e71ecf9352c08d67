# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Places on the earth (WGS 84) from offsets east, north and up of a known one."""

from __future__ import annotations

import math
from typing import NamedTuple

SEMI_MAJOR = 6378137.0
FLATTENING = 1 / 298.257223563
_E2 = FLATTENING * (2 - FLATTENING)


class Place(NamedTuple):
    """Degrees north and east, and metres above the same zero as the origin's."""

    latitude: float
    longitude: float
    altitude: float

    def problem(self) -> str:
        """Explain why this is no place; '' when it is one."""
        if not all(map(math.isfinite, self)):
            return "a number is not finite"
        if not (-90 < self.latitude < 90 and -180 <= self.longitude <= 180):
            return f"latitude {self.latitude:g} and longitude {self.longitude:g} are not degrees of a place"
        return ""


def offset(origin: Place, east: float, north: float, up: float) -> Place:
    """Return the place at a vector of the origin's tangent plane (ENU, REP 103), metres.

    The vector is added in earth-centred coordinates, and the sum made latitude and longitude again by
    Bowring's formula (1976), exact to millimetres below 100 km of altitude.
    """
    lat, lon = math.radians(origin.latitude), math.radians(origin.longitude)
    sin_lat, cos_lat, sin_lon, cos_lon = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
    x, y, z = to_earth(origin)
    x += -sin_lon * east - sin_lat * cos_lon * north + cos_lat * cos_lon * up
    y += cos_lon * east - sin_lat * sin_lon * north + cos_lat * sin_lon * up
    z += cos_lat * north + sin_lat * up
    minor, axis = SEMI_MAJOR * (1 - FLATTENING), math.hypot(x, y)
    parametric = math.atan2(z * SEMI_MAJOR, axis * minor)
    latitude = math.atan2(
        z + _E2 / (1 - _E2) * minor * math.sin(parametric) ** 3,
        axis - _E2 * SEMI_MAJOR * math.cos(parametric) ** 3,
    )
    altitude = axis * math.cos(latitude) + z * math.sin(latitude)
    altitude -= SEMI_MAJOR * math.sqrt(1 - _E2 * math.sin(latitude) ** 2)
    return Place(math.degrees(latitude), math.degrees(math.atan2(y, x)), altitude)


def to_earth(place: Place) -> tuple[float, float, float]:
    """Convert to earth-centred, earth-fixed coordinates, metres."""
    lat, lon = math.radians(place.latitude), math.radians(place.longitude)
    radius = SEMI_MAJOR / math.sqrt(1 - _E2 * math.sin(lat) ** 2)
    level = (radius + place.altitude) * math.cos(lat)
    return (
        level * math.cos(lon),
        level * math.sin(lon),
        (radius * (1 - _E2) + place.altitude) * math.sin(lat),
    )
