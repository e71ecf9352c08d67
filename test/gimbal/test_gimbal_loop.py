# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The closed loop in one process: a dodging vehicle stays in the middle, and every part helps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tracker_ros import cli
from tracker_ros.data.chase import AHEAD, DEPRESSION, SPEED, Chase
from tracker_ros.data.synthetic_chase import ChaseScene
from tracker_ros.gimbal.attitude import Direction, direction, from_optical, from_yaw_pitch, rotate
from tracker_ros.gimbal.loop import Conditions, Pointing, fly, line_of_sight, pinhole, pixel, summarize
from tracker_ros.gimbal.settings import ControlSettings

SETTINGS = ControlSettings()


def flown(settings: ControlSettings = SETTINGS, **conditions: float) -> Pointing:
    return fly(settings, Conditions(**conditions), seconds=10.0)


@pytest.fixture(scope="module")
def nominal() -> Pointing:
    return flown()


def test_the_target_stays_in_the_middle(nominal: Pointing) -> None:
    assert nominal.rms_deg < 0.3 and nominal.rms_px < 6
    assert nominal.in_view == 1 and nominal.losses == 0


@pytest.mark.parametrize(
    ("conditions", "bound"),
    [({"latency": 0.1}, 0.4), ({"drops": 0.1}, 0.3), ({"latency": 0.1, "drops": 0.1}, 0.4)],
)
def test_late_and_lost_images_cost_little(conditions: dict[str, float], bound: float) -> None:
    pointing = flown(**conditions)
    assert pointing.rms_deg < bound
    assert pointing.in_view == 1 and pointing.losses == 0


def test_feedforward_and_compensation_earn_their_place(nominal: Pointing) -> None:
    without = flown(replace(SETTINGS, feedforward=0.0))
    assert without.rms_deg > 1.5 * nominal.rms_deg
    late = flown(latency=0.15).rms_deg
    assert flown(replace(SETTINGS, latency_compensation=False), latency=0.15).rms_deg > 1.5 * late


def test_without_control_the_target_is_lost() -> None:
    still = replace(SETTINGS, kp=0.0, ki=0.0, feedforward=0.0)
    pointing = fly(still, Conditions(), seconds=20.0, seed=1)
    assert pointing.losses > 0 and pointing.in_view < 0.9 and pointing.rms_deg > 5


def test_a_slower_camera_and_noise_are_borne() -> None:
    pointing = flown(rate=10.0, noise=3.0)
    assert pointing.rms_deg < 1.0 and pointing.in_view == 1


def test_summary_by_hand() -> None:
    errors = [(math.radians(3), 30.0), (math.radians(4), 40.0), (0.0, 0.0), (0.0, 0.0)]
    pointing = summarize(errors, [True, False, False, True])
    assert pointing == pytest.approx((2.5, 25.0, 0.5, 1))
    with pytest.raises(ValueError, match="no exposure"):
        summarize([], [])


def test_pixels_and_bearings_agree() -> None:
    camera, attitude = pinhole(640, 480, math.radians(32)), from_yaw_pitch(-1.4, -0.9)
    at = pixel(camera, attitude, Direction(-1.5, -0.95))
    assert at is not None and at[0] < 320 and at[1] > 240
    assert direction(rotate(attitude, from_optical(camera.ray(*at)))) == pytest.approx((-1.5, -0.95))
    assert pixel(camera, attitude, Direction(1.6, 0.0)) is None


def test_the_chase_dodges_and_depends_on_its_seed_alone() -> None:
    times = np.arange(0, 60, 0.25)
    along = np.array([Chase(3).vehicle(t).along for t in times])
    speed = np.diff(along) / 0.25
    assert speed.min() < 3 and speed.max() > 14 and speed.mean() == pytest.approx(SPEED, abs=1.5)
    assert np.array_equal(along, [Chase(3).vehicle(t).along for t in times])
    assert not np.allclose(along, [Chase(4).vehicle(t).along for t in times])
    seen = [line_of_sight(Chase(3), t) for t in times]
    assert np.mean([s.elevation for s in seen]) == pytest.approx(-DEPRESSION, abs=0.1)
    assert np.ptp([s.azimuth for s in seen]) > math.radians(25)


@pytest.fixture(scope="module")
def scene() -> ChaseScene:
    return ChaseScene(3, 160, 120)


def test_the_scene_turns_as_a_pinhole_camera_does(scene: ChaseScene) -> None:
    """The target's outline lies where a pinhole shows its bearing, whatever way the camera looks."""
    camera = pinhole(160, 120, math.radians(32))

    def bearing(yaw: float, pitch: float) -> Direction:
        box = scene.look(4.0, yaw, pitch).target.box
        return direction(rotate(from_yaw_pitch(yaw, pitch), from_optical(camera.ray(box.cx, box.cy))))

    straight = bearing(AHEAD, -DEPRESSION)
    for yaw, pitch in ((AHEAD + 0.15, -DEPRESSION), (AHEAD, -DEPRESSION + 0.1), (AHEAD - 0.2, -1.0)):
        # The middle of the box around a turned outline is not quite the outline's middle.
        assert bearing(yaw, pitch) == pytest.approx(straight, abs=0.004)


def test_the_scene_shows_the_target_where_it_says(scene: ChaseScene) -> None:
    view = scene.look(4.0, AHEAD, -DEPRESSION)
    assert view.target.visible > 0.9
    x, y, w, h = (round(v) for v in view.target.box.to_xywh())
    red = view.image[..., 0].astype(int) - view.image[..., 1]
    assert red[y : y + h, x : x + w].max() > 80
    rows, columns = np.nonzero(red > 60)
    inside = (columns >= x - 2) & (columns <= x + w + 2) & (rows >= y - 2) & (rows <= y + h + 2)
    assert inside.mean() > 0.9
    np.testing.assert_array_equal(view.image, scene.render(4.0).image)


def test_the_ground_has_no_end(scene: ChaseScene) -> None:
    for yaw, pitch in ((0.0, -0.5), (2.0, -1.5), (AHEAD, -0.4)):
        assert (scene.look(70.0, yaw, pitch).image.max(axis=2) > 0).all()


def test_the_command_prints_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gimbal", "--seconds", "3", "--seeds", "1", "--kp", "5"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("no feed-forward", "no compensation", "10 % drops", "losses"))
    assert cli.main(["gimbal", "--kp", "100"]) == 2
    assert capsys.readouterr() == ("", "tracker_ros gimbal: --kp must be 0 to 50, got 100\n")
