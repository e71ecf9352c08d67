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
from image_helpers import BYTES, PAIRS, message

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
        check(message(ROWS[:0], 0, "nv21"))


def test_common_encodings_never_reach_it(double: Double) -> None:
    for encoding, size in BYTES.items():
        to_rgb(message(np.zeros((4, 8 * size), np.uint8), 8, encoding))
    for encoding in PAIRS:
        to_rgb(message(np.zeros((4, 16), np.uint8), 8, encoding))
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
        with pytest.raises(ImageError, match="'nv21' is not supported here.*install ros-jazzy-cv-bridge"):
            look(message(ROWS, 8, "nv21"))
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
        to_rgb(message(ROWS, 8, "nv21"))


def test_what_it_cannot_convert_is_said(double: Double) -> None:
    double.failure = RuntimeError("Unrecognized image encoding [spam]")
    with pytest.raises(ImageError, match="cannot convert 'spam': Unrecognized image encoding"):
        to_rgb(message(ROWS, 8, "spam"))


@pytest.mark.skipif(find_spec("cv_bridge") is None, reason="cv_bridge is not installed")
@pytest.mark.parametrize("encoding", [*BYTES, *PAIRS])
def test_both_paths_agree_on_the_common_encodings(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sensor_msgs.msg import Image

    size = BYTES.get(encoding, 2)
    rows = np.random.default_rng(0).integers(16, 236, (6, 8 * size), np.uint8)
    plain = message(rows, 8, encoding)
    image = Image(height=6, width=8, step=8 * size, encoding=encoding, data=plain.data)
    ours = to_rgb(plain)
    monkeypatch.setattr(images, "_ENCODINGS", {})
    assert np.abs(to_rgb(image).astype(int) - ours).max() <= 1
