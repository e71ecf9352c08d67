# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The synthetic scene: repeatable, and its truth agrees with the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tracker_ros.data import synthetic
from tracker_ros.data.synthetic_layout import PERIOD
from tracker_ros.data.synthetic_sprites import vehicle

STEP = 1 / 30


@pytest.fixture(scope="module")
def scene() -> synthetic.AerialScene:
    return synthetic.AerialScene(seed=3, width=640, height=480)


def changed_by_target(scene: synthetic.AerialScene, t: float) -> npt.NDArray[np.bool_]:
    """[H, W] which pixels the target changes: the frame with it, white and shadowless, and without."""
    objects = scene.objects
    (sprite,) = objects[0].sprites
    images = []
    try:
        for gain, size in ((1.0, 1.0), (1e-6, 1e-3)):
            white = sprite.rgba[..., 3:] * np.array([255, 255, 255, 1], np.float32)
            rgba, outline = white * np.float32(gain), sprite.outline * size
            bare = sprite._replace(rgba=rgba, outline=outline, height=0.0)
            scene.objects = (objects[0]._replace(sprites=(bare,)), *objects[1:])
            images.append(scene.render(t).image.astype(int))
    finally:
        scene.objects = objects
    return np.asarray(np.abs(images[0] - images[1]).max(axis=2) > 25)


@pytest.fixture(scope="module")
def shares(scene: synthetic.AerialScene) -> dict[float, float]:
    """The target's visible share at times within the first 20 s, often where it passes below the bridge."""
    moments = np.concatenate([np.arange(0, 20, 0.5), np.arange(7.01, 9.0, 0.04)])
    return {float(t): scene.render(float(t)).target.visible for t in np.sort(moments)}


def times(shares: dict[float, float], low: float, high: float) -> list[float]:
    return [t for t, share in shares.items() if low <= share <= high]


def test_a_frame_depends_on_seed_and_time_alone() -> None:
    scene, same, unlike = (synthetic.AerialScene(seed, width=160, height=120) for seed in (3, 3, 4))
    first = scene.render(4.2)
    same.render(1.0)
    again, other = same.render(4.2), unlike.render(4.2)
    np.testing.assert_array_equal(first.image, again.image)
    assert first.objects == again.objects
    assert np.abs(first.image.astype(int) - other.image.astype(int)).mean() > 10


def test_truth_bounds_the_pixels_that_the_target_changes(
    scene: synthetic.AerialScene, shares: dict[float, float]
) -> None:
    clear = times(shares, 0.999, 1.0)
    assert len(clear) > 10
    for t in clear[::4]:
        rows, columns = np.nonzero(changed_by_target(scene, t))
        x, y, w, h = scene.render(t).target.box.to_xywh()
        measured = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(measured, [x, y, x + w, y + h], atol=1.5)


def test_visible_share_agrees_with_the_pixels(
    scene: synthetic.AerialScene, shares: dict[float, float]
) -> None:
    for t in times(shares, 0.2, 0.85)[:4]:
        view = scene.render(t)
        share = changed_by_target(scene, t).sum() / area_in_pixels(scene, t)
        assert share == pytest.approx(view.target.visible, abs=0.12)


def area_in_pixels(scene: synthetic.AerialScene, t: float) -> float:
    """Area of the target's outline in the image (shoelace formula over its transformed corners)."""
    (sprite,) = scene.objects[0].sprites
    x, y = sprite.outline.T
    metres = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    return float(metres * np.linalg.det(scene._camera(t)[:2, :2]))


def test_the_bridge_hides_the_target_and_truth_says_where_it_is(
    scene: synthetic.AerialScene, shares: dict[float, float]
) -> None:
    hidden = times(shares, 0.0, 0.06)
    assert hidden, "the target passes below the bridge within 20 s"
    for t in hidden:
        target = scene.render(t).target
        assert changed_by_target(scene, t).sum() < 0.1 * area_in_pixels(scene, t)
        assert 0 < target.box.cx < 640 and 0 < target.box.cy < 480


def test_objects_in_sight_are_near_the_image_and_have_their_own_names(scene: synthetic.AerialScene) -> None:
    for t in (0.0, 7.0, 40.0):
        view = scene.render(t)
        names = [truth.name for truth in view.objects]
        assert len(set(names)) == len(names) > 3
        for truth in view.objects:
            clipped = truth.box.clipped(640, 480)
            assert clipped.w * clipped.h > 0 and 0 < truth.visible <= 1


def test_camera_shakes_and_light_changes(scene: synthetic.AerialScene) -> None:
    centres = np.array([scene.render(i * STEP).target.box[:2] for i in range(60)])
    jerk = np.linalg.norm(np.diff(centres, n=2, axis=0), axis=1)
    assert 0.05 < np.median(jerk) < 5, "pixels a frame squared"
    light = [scene.render(float(t)).image.mean() for t in range(0, 40, 4)]
    assert max(light) / min(light) > 1.15


def test_the_world_has_no_seam(scene: synthetic.AerialScene) -> None:
    """Where the camera passes the end of the period, consecutive frames differ as little as elsewhere."""
    speed, start = scene.objects[0].speed, scene.objects[0].start

    def difference(t: float) -> float:
        a, b = (scene.render(s).image.astype(int) for s in (t, t + 1e-3))
        return float(np.abs(a - b).mean())

    def laps(t: float) -> float:
        return float(np.floor((np.linalg.inv(scene._camera(t)) @ [320, 240, 1])[0] / PERIOD))

    ordinary = difference((PERIOD * 0.25 - start) / speed)
    low, high = 0.0, (2 * PERIOD - start) / speed
    moments = np.arange(low, high, 0.5)
    at = [float(np.linalg.inv(scene._camera(float(t)))[:2].dot([320, 240, 1])[0]) for t in moments]
    jump = int(np.argmin(np.diff(at)))
    assert np.diff(at)[jump] < -PERIOD / 2
    for t in np.linspace(moments[jump], moments[jump + 1], 9):
        assert difference(float(t)) < 1.5 * ordinary


def test_small_images_and_unknown_vehicles_are_refused() -> None:
    with pytest.raises(ValueError, match="60 x 480 px; at least 64 x 64"):
        synthetic.AerialScene(width=60)
    with pytest.raises(ValueError, match="vehicle kind 'tank'"):
        vehicle("tank", (10, 10, 10), 8.0)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (161, 97)])
def test_any_size(width: int, height: int) -> None:
    view = synthetic.AerialScene(0, width, height).render(2.0)
    assert view.image.shape == (height, width, 3) and view.image.dtype == np.uint8
    assert view.image.std() > 10
