# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""cv_bridge: what goes through it, and what is said where it is absent or broken.

The double has cv_bridge's interface as far as it is used; where the real one is installed it is compared too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from image_helpers import BYTES, PAIRS, PLANES, message

from tracker_ros.ros import bridge, images
from tracker_ros.ros.images import ImageError, check, to_picture, to_rgb


class Double(ModuleType):
    """Notes what it is asked for, and answers as cv_bridge would."""

    def __init__(self) -> None:
        super().__init__("cv_bridge")
        self.asked: list[tuple[str, str]] = []
        self.failure: Exception | None = None
        double = self

        class CvBridge:
            def imgmsg_to_cv2(self, image: Any, desired_encoding: str = "passthrough") -> np.ndarray:
                double.asked.append((image.encoding, desired_encoding))
                if double.failure is not None:
                    raise double.failure
                rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
                if desired_encoding == "passthrough":
                    return rows.view({"16UC1": np.uint16, "32FC1": np.float32}[image.encoding])
                return cv2.cvtColor(rows, cv2.COLOR_BayerBG2RGB)

        self.CvBridge = CvBridge

    def cvtColorForDisplay(  # noqa: N802
        self, source: np.ndarray, encoding_in: str, encoding_out: str, do_dynamic_scaling: bool = False
    ) -> np.ndarray:
        assert encoding_out == "rgb8" and do_dynamic_scaling and encoding_in in ("16UC1", "32FC1")
        low, high = float(source.min()), float(source.max())
        return np.repeat(((source - low) * 255 / (high - low)).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    bridge.find_bridge.cache_clear()
    yield
    bridge.find_bridge.cache_clear()


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setitem(sys.modules, "cv_bridge", made)
    return made


ROWS = np.random.default_rng(0).integers(0, 256, (6, 8), np.uint8)


def test_what_is_not_read_here_goes_through_it(double: Double) -> None:
    image = message(ROWS, 8, "bayer_rggb8")
    assert np.array_equal(to_rgb(image), cv2.cvtColor(ROWS, cv2.COLOR_BayerBG2RGB))
    assert np.array_equal(to_picture(image), to_rgb(image))
    assert set(double.asked) == {("bayer_rggb8", "rgb8")}
    check(image)
    with pytest.raises(ImageError, match="empty"):
        check(message(ROWS[:0], 0, "bayer_rggb8"))


def test_common_encodings_never_reach_it(double: Double) -> None:
    for encoding, size in BYTES.items():
        to_rgb(message(np.zeros((4, 8 * size), np.uint8), 8, encoding))
    for encoding in PAIRS:
        to_rgb(message(np.zeros((4, 16), np.uint8), 8, encoding))
    for encoding in PLANES:
        image = message(np.zeros((6, 8), np.uint8), 8, encoding)
        image.height = 4
        to_rgb(image), check(image)
    assert double.asked == []


@pytest.mark.parametrize(("encoding", "size"), [("16UC1", 2), ("32FC1", 4)])
def test_depth_is_shown_and_not_tracked(double: Double, encoding: str, size: int) -> None:
    kind = np.uint16 if size == 2 else np.float32
    values = np.arange(12, dtype=kind).reshape(3, 4) * 100
    image = message(values.view(np.uint8), 4, encoding)
    picture = to_picture(image)
    assert picture.shape == (3, 4, 3) and picture[0, 0, 0] == 0 and picture[2, 3, 1] == 255
    for look in (to_rgb, check):
        with pytest.raises(ImageError, match="not an 8-bit image .*convert it to mono8"):
            look(image)


def test_without_it_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    for look in (to_rgb, check, to_picture):
        with pytest.raises(ImageError, match="'rgb16' is not supported here.*install ros-jazzy-cv-bridge"):
            look(message(ROWS, 1, "rgb16"))
        with pytest.raises(ImageError, match="'nv24' is not supported; rgb8, .*also Bayer patterns"):
            look(message(ROWS, 8, "nv24"))
    monkeypatch.delenv("ROS_DISTRO")
    with pytest.raises(ImageError, match="DISTRO-cv-bridge, or run image_proc's debayer node.*rgb8, bgr8"):
        to_rgb(message(ROWS, 8, "bayer_rggb8"))


@pytest.mark.parametrize(
    "failure",
    [
        ImportError("numpy.core.multiarray failed to import"),
        AttributeError("_ARRAY_API not found"),
        SystemError("initialization of cv_bridge_boost raised unreported exception"),
    ],
)
def test_its_breakage_under_another_numpy_is_said(double: Double, failure: Exception) -> None:
    double.failure = failure
    with pytest.raises(ImageError, match=f"does not work with numpy {np.__version__}.*it was built for"):
        to_rgb(message(ROWS, 8, "bayer_rggb8"))


def test_its_breakage_while_it_is_imported_is_said(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cv_bridge.py").write_text("raise AttributeError('_ARRAY_API not found')")
    monkeypatch.delitem(sys.modules, "cv_bridge", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImageError, match="does not work with numpy .*_ARRAY_API not found"):
        to_rgb(message(ROWS, 8, "bayer_rggb8"))


def test_what_it_cannot_convert_is_said(double: Double) -> None:
    double.failure = RuntimeError("Unrecognized image encoding [spam]")
    with pytest.raises(ImageError, match="cannot convert 'spam': Unrecognized image encoding"):
        to_rgb(message(ROWS, 8, "spam"))


# -- the real one --------------------------------------------------------------------------------------

real = pytest.mark.skipif(find_spec("cv_bridge") is None, reason="cv_bridge is not installed")


def ros_image(rows: np.ndarray, width: int, encoding: str) -> Any:
    """A real message: cv_bridge takes no other."""
    from sensor_msgs.msg import Image

    plain = message(rows, width, encoding)
    return Image(height=plain.height, width=width, step=plain.step, encoding=encoding, data=plain.data)


@real
# Of 8UC1 to 8UC4 it does not know the colours, and uyvy, yuyv, nv12 and nv21 not at all.
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8", "yuv422", "yuv422_yuy2"])
def test_both_paths_agree_on_the_common_encodings(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).integers(16, 236, (6, 8 * BYTES.get(encoding, 2)), np.uint8)
    ours = to_rgb(ros_image(rows, 8, encoding))
    monkeypatch.setattr(images, "_ENCODINGS", {})
    assert np.abs(to_rgb(ros_image(rows, 8, encoding)).astype(int) - ours).max() <= 1


@real
@pytest.mark.parametrize(
    ("pattern", "red"), [("rggb", (0, 0)), ("bggr", (1, 1)), ("gbrg", (1, 0)), ("grbg", (0, 1))]
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_real_one_knows_where_the_red_cells_of_a_sensor_are(
    pattern: str, red: tuple[int, int], kind: type
) -> None:
    cells = np.zeros((8, 8), kind)
    cells[red[0] :: 2, red[1] :: 2] = np.iinfo(kind).max
    encoding = f"bayer_{pattern}{8 * cells.itemsize}"
    rgb = to_rgb(ros_image(cells.view(np.uint8), 8, encoding))
    assert rgb[2:6, 2:6].tolist() == [[[255, 0, 0]] * 4] * 4


@real
@pytest.mark.parametrize(
    ("encoding", "order"), [("rgb16", (0, 1, 2)), ("bgr16", (2, 1, 0)), ("bgra16", (2, 1, 0))]
)
def test_the_real_one_makes_bytes_of_colours_of_16_bits(encoding: str, order: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 8, 4 if "a" in encoding else 3), np.uint16)
    image = ros_image(values.reshape(6, -1).view(np.uint8), 8, encoding)
    for pixels in (to_rgb(image), to_picture(image)):
        assert np.abs(pixels - values[..., order] / 257).max() <= 0.51


@real
@pytest.mark.parametrize(
    ("encoding", "kind"), [("16UC1", np.uint16), ("mono16", np.uint16), ("32FC1", np.float32)]
)
def test_the_real_one_stretches_depth_over_its_range_holes_left_black(encoding: str, kind: type) -> None:
    values = (np.arange(48).reshape(6, 8) * 100 + 1000).astype(kind)
    if kind is np.float32:
        values[0, 1], values[2, 3] = np.nan, np.inf
    shown = to_picture(ros_image(values.view(np.uint8), 8, encoding))[..., 0]
    seen = np.isfinite(values)
    expected = (values[seen] - 1000) / 4700 * 255
    assert np.abs(shown[seen] - expected).max() <= 1 and not shown[~seen].any()
