# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Properties of any input: spoilt bags, settings, images of any fields, and slow sums for fast operators."""

from __future__ import annotations

import array
import dataclasses
import itertools
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from tracker_ros.ops.prroi import prroi_pool
from tracker_ros.ops.ridge import ridge
from tracker_ros.ops.xcorr import xcorr_depthwise, xcorr_up
from tracker_ros.replay.bag import BagError, read, topics
from tracker_ros.replay.messages import make_types
from tracker_ros.ros.images import _ENCODINGS, ImageError, to_rgb
from tracker_ros.trackers import SettingsError, registered
from tracker_ros.trackers.base import make_settings

SEEDS = st.integers(0, 999)


# -- bags --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[StoragePlugin.MCAP, StoragePlugin.SQLITE3], ids=str)
def bag(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag of eight strings on /words."""
    types = make_types()
    kind = types.types["std_msgs/msg/String"]
    path = tmp_path_factory.mktemp("bag") / "words"
    with Writer(path, version=9, storage_plugin=request.param) as writer:
        words = writer.add_connection("/words", kind.__msgtype__, typestore=types)
        for index in range(8):
            writer.write(words, 1000 + index, types.serialize_cdr(kind(f"word {index}"), kind.__msgtype__))
    return path


@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0.0, 1.0),
    st.booleans(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_spoilt_bag_is_read_or_refused(
    bag: Path, tmp_path: Path, changes: list[tuple[float, int]], kept: float, cut: bool
) -> None:
    """Bytes changed anywhere, or the end cut off: messages, or the one error that people are shown."""
    for source in bag.iterdir():
        content = bytearray(source.read_bytes())
        if source.suffix != ".yaml":
            for place, value in changes:
                content[int(place * len(content))] = value
            content = content[: int(kept * len(content))] if cut else content
        (tmp_path / source.name).write_bytes(content)
    try:
        known = topics(tmp_path)
        messages = [m for topic in known for m in itertools.islice(read(tmp_path, topic, make_types()), 100)]
    except BagError as error:
        assert "\n" not in str(error) and str(tmp_path) in str(error)
    else:
        assert len(messages) <= 8 * max(len(known), 1)


def test_the_bag_itself_is_whole(bag: Path) -> None:
    with Reader(bag) as reader:
        assert reader.message_count == 8
    assert [message.data for _, message in read(bag, "/words", make_types())][-1] == "word 7"


# -- settings ----------------------------------------------------------------------------------------


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.lists(st.integers(-3, 3), max_size=4),
)


KINDS = {name: found.Settings for name, found in sorted(registered().items())}
FIELDS = [(name, field) for name, kind in KINDS.items() for field in dataclasses.fields(kind)]


@given(st.sampled_from(FIELDS), VALUES)
@settings(max_examples=200)
def test_any_value_of_any_setting_is_in_its_range_or_refused_by_name(
    chosen: tuple[str, dataclasses.Field], value: object
) -> None:
    name, field = chosen
    kind = KINDS[name]
    try:
        made = getattr(make_settings(kind, {field.name: value}, name), field.name)
    except SettingsError as error:
        assert f"'{field.name}'" in str(error) and name in str(error)
        return
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if isinstance(made, (int, float)) and not isinstance(made, bool):
        assert math.isfinite(made) or high is None
        assert (low is None or made >= low) and (high is None or made <= high)
    assert isinstance(value, bool) == isinstance(made, bool)


# -- image messages ----------------------------------------------------------------------------------


@given(
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 40),
    st.integers(0, 200),
    st.sampled_from([*sorted(_ENCODINGS), "16UC1", "bayer_rggb8", "", "\x00"]),
)
@settings(max_examples=300)
def test_an_image_of_any_fields_is_converted_or_refused(
    width: int, height: int, step: int, size: int, encoding: str
) -> None:
    message = SimpleNamespace(
        width=width,
        height=height,
        step=step,
        encoding=encoding,
        is_bigendian=0,
        data=array.array("B", bytes(size)),
    )
    try:
        rgb = to_rgb(message)
    except ImageError as error:
        assert str(error)
    else:
        assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8
        assert size == step * height


# -- operators ---------------------------------------------------------------------------------------


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 3),
    SEEDS,
)
@settings(max_examples=40)
def test_correlation_is_the_sum_of_products_at_each_shift(
    n: int, channels: int, h: int, w: int, down: int, right: int, seed: int
) -> None:
    g = torch.Generator().manual_seed(seed)
    search = torch.randn(n, channels, h + down, w + right, generator=g, dtype=torch.double)
    kernels = torch.randn(n, 2 * channels, h, w, generator=g, dtype=torch.double)
    up, deep = xcorr_up(search, kernels), xcorr_depthwise(search, kernels[:, :channels])
    assert up.shape == (n, 2, down + 1, right + 1) and deep.shape == (n, channels, down + 1, right + 1)
    for b, y, x in itertools.product(range(n), range(down + 1), range(right + 1)):
        window = search[b, :, y : y + h, x : x + w]
        for k in range(2):
            expected = (window * kernels[b, k * channels : (k + 1) * channels]).sum()
            torch.testing.assert_close(up[b, k, y, x], expected)
        torch.testing.assert_close(deep[b, :, y, x], (window * kernels[b, :channels]).sum((1, 2)))


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0.01, 10.0), SEEDS)
@settings(max_examples=40)
def test_ridge_is_least_squares_with_the_penalty_as_rows(
    samples: int, dimensions: int, penalty: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    data, labels = rng.standard_normal((samples, dimensions)), rng.random(samples)
    rows = np.vstack([data, math.sqrt(penalty) * np.eye(dimensions)])
    expected = np.linalg.lstsq(rows, np.concatenate([labels, np.zeros(dimensions)]), rcond=None)[0]
    found = ridge(torch.from_numpy(data), torch.from_numpy(labels), penalty)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-8)


def hat_area(low: float, high: float, centre: int) -> float:
    """The integral of max(0, 1 - |t - centre|) from low to high, piece by piece."""

    def below(t: float) -> float:
        t = min(max(t - centre, -1.0), 1.0)
        return (t + 1) ** 2 / 2 if t < 0 else 1 - (1 - t) ** 2 / 2

    return below(high) - below(low)


@given(
    st.floats(-10.0, 60.0),
    st.floats(-10.0, 60.0),
    st.floats(4.0, 60.0),
    st.floats(4.0, 60.0),
    st.integers(1, 3),
    SEEDS,
)
@settings(max_examples=40)
def test_prroi_pooling_is_the_exact_mean_of_the_surface(
    cx: float, cy: float, w: float, h: float, bins: int, seed: int
) -> None:
    stride = 8.0
    features = np.random.default_rng(seed).standard_normal((5, 6))
    box = torch.tensor([[cx, cy, w, h]], dtype=torch.double)
    pooled = prroi_pool(torch.from_numpy(features)[None], box, bins, stride)[0, 0]
    for p, q in itertools.product(range(bins), repeat=2):
        edges = [
            ((c - s / 2 + s / bins * i) / stride - 0.5, (c - s / 2 + s / bins * (i + 1)) / stride - 0.5)
            for c, s, i in ((cy, h, p), (cx, w, q))
        ]
        rows = [hat_area(*edges[0], i) for i in range(5)]
        columns = [hat_area(*edges[1], j) for j in range(6)]
        area = (w / bins / stride) * (h / bins / stride)
        expected = sum(rows[i] * columns[j] * features[i, j] for i in range(5) for j in range(6)) / area
        assert pooled[p, q].item() == pytest.approx(expected, abs=1e-9)
