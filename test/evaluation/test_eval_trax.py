# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker as a TraX process, and the workspace that tells vot-toolkit to start it."""

from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from eval_helpers import made_sequence

from tracker_ros.data.readers import list_images
from tracker_ros.data.sequence import DataError, read_image
from tracker_ros.evaluation.cli import run_vot
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased
from tracker_ros.evaluation.vot_workspace import write_workspace

BOX = (30.0, 20.0, 24.0, 20.0)


@pytest.fixture
def images(tmp_path: Path) -> tuple[Path, ...]:
    """Six images in which a textured patch moves to the right."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8), (160, 120))
    patch = rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)
    for index in range(6):
        frame = ground.copy()
        frame[20:40, 30 + 2 * index : 54 + 2 * index] = patch
        cv2.imwrite(str(tmp_path / f"{index}.png"), frame)
    return list_images(tmp_path)


def test_a_trax_client_gets_what_the_driver_answers(images: tuple[Path, ...]) -> None:
    trax = pytest.importorskip("trax", reason="the extra 'vot' (vot-trax) is not installed")
    from trax.client import Client

    driver = TrackerSpec("kcf").driver()
    driver.start(read_image(images[0]), BOX)
    expected = [driver.track(read_image(path))[0] for path in images[1:]]
    command = [sys.executable, "-m", "tracker_ros.evaluation.trax_server", "kcf"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin and process.stdout
        # Without a log the client of vot-trax 4.0.2 fails in its own constructor.
        streams = process.stdin.fileno(), process.stdout.fileno()
        client = Client(stream=streams, log=lambda text: None)
        pictures = [{"color": trax.FileImage.create(str(path))} for path in images]
        client.initialize(pictures[0], [(trax.Rectangle.create(*BOX), {})], {})
        answers = [client.frame(picture, {}, [])[0][0][0].bounds() for picture in pictures[1:]]
        client.quit()
        assert process.wait(timeout=60) == 0
    np.testing.assert_allclose(answers, expected, atol=1e-3)
    assert answers[-1][0] > BOX[0] + 5, "it followed the target"


@pytest.mark.parametrize("protocol", [ResetBased(2018), AnchorBased(2022)], ids=lambda p: p.name)
def test_a_workspace_of_ones_own_sequences(tmp_path: Path, protocol: ResetBased | AnchorBased) -> None:
    sequences = [made_sequence("a", 120, 0)]
    sequences[0].truth[3] = np.nan
    specs = [TrackerSpec("nanotrack", weights="models"), TrackerSpec("dcf", (("learning_rate", 0.03),))]
    write_workspace(tmp_path / "w", specs, protocol, sequences)
    config = yaml.safe_load((tmp_path / "w" / "config.yaml").read_text())
    assert config == {"registry": ["./trackers.ini"], "stack": "stack.yaml"}
    stack = yaml.safe_load((tmp_path / "w" / "stack.yaml").read_text())
    assert stack["experiments"]["baseline"]["type"] == {2018: "supervised", 2022: "multistart"}[protocol.year]
    folder = tmp_path / "w" / "sequences" / "a"
    assert len(list((folder / "color").glob("*.jpg"))) == 120
    truth = (folder / "groundtruth.txt").read_text().splitlines()
    assert truth[3] == "0" and truth[0].count(",") == 3
    if protocol.year == 2022:
        anchors = (folder / "anchor.value").read_text().split()
        assert [i for i, value in enumerate(anchors) if value == "1"] == [0, 50]
        assert [i for i, value in enumerate(anchors) if value == "-1"] == [100, 119]
    manifest = configparser.ConfigParser()
    manifest.read(tmp_path / "w" / "trackers.ini")
    words = shlex.split(manifest["dcf"]["command"])
    assert words[0] == sys.executable and words[-2:] == ["--set", "learning_rate=0.03"]
    nano = shlex.split(manifest["nanotrack"]["command"])
    assert nano[-2:] == ["--nano", str(Path("models").resolve())]
    with pytest.raises(DataError, match="is a workspace already"):
        write_workspace(tmp_path / "w", specs, protocol)


def test_the_command_writes_a_workspace_of_the_years_challenge(tmp_path: Path) -> None:
    import argparse

    from rich.console import Console

    args = argparse.Namespace(
        year=2018,
        trackers="kcf",
        workspace=tmp_path / "w",
        root=None,
        nano=None,
        overrides=[],
        weights=None,
        device="cpu",
        scripted=False,
    )
    assert run_vot(args, Console(quiet=True)) == 0
    assert yaml.safe_load((tmp_path / "w" / "config.yaml").read_text())["stack"] == "vot2018/shortterm"
