# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A tracker as a TraX process, and the workspace that tells vot-toolkit to start it."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from eval_helpers import made_sequence
from safetensors.torch import save_file

from tracker_ros.config_files import yaml_file
from tracker_ros.data.readers import list_images
from tracker_ros.data.sequence import DataError, read_image
from tracker_ros.evaluation import trax_server
from tracker_ros.evaluation.cli import run_vot
from tracker_ros.evaluation.specs import TrackerSpec
from tracker_ros.evaluation.vot_protocols import AnchorBased, ResetBased
from tracker_ros.evaluation.vot_workspace import command, manifest, write_workspace
from tracker_ros.trackers import given_settings, load

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
    registry = configparser.ConfigParser()
    registry.read(tmp_path / "w" / "trackers.ini")
    words = shlex.split(registry["dcf"]["command"])
    assert words[0] == sys.executable and words[-2:] == ["--set", "learning_rate=0.03"]
    assert "--scripted" not in words
    nano = shlex.split(registry["nanotrack"]["command"])
    assert nano[-2:] == ["--nano", str(Path("models").resolve())]
    with pytest.raises(DataError, match="is a workspace already"):
        write_workspace(tmp_path / "w", specs, protocol)


def started(spec: TrackerSpec, monkeypatch: pytest.MonkeyPatch, folder: Path) -> TrackerSpec:
    """The tracker that a line of the registry starts, read and run as vot-toolkit does it."""
    registry = configparser.ConfigParser()
    registry.read_string(manifest([spec]))
    words = shlex.split(registry[spec.label]["command"])
    assert words[:3] == [sys.executable, "-m", "tracker_ros.evaluation.trax_server"]
    served: list[TrackerSpec] = []
    monkeypatch.setattr(trax_server, "serve", lambda driver, label: served.append(label))
    make = trax_server.make_spec
    monkeypatch.setattr(trax_server, "make_spec", lambda *given: served.append(make(*given)) or served[-1])
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert trax_server.main(words[3:]) == 0
    assert served[1] == served[0].label, "its weights were there and the driver was made"
    return served[0]


@pytest.mark.parametrize("overrides", [(), (("learning_rate", 1e-05), ("cell_size", 4))])
def test_a_line_of_the_registry_starts_the_same_tracker(
    overrides: tuple[tuple[str, object], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = TrackerSpec("dcf", overrides, device="cpu", scripted=bool(overrides))
    assert started(spec, monkeypatch, tmp_path / "w") == spec


def test_a_registry_keeps_names_of_weights_and_finds_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = TrackerSpec("siamfc", weights="random:0")
    assert started(spec, monkeypatch, tmp_path / "one") == spec
    assert "--weights my_name " in command(TrackerSpec("siamfc", weights="my_name"))
    folder = tmp_path / "100 % mine, too"
    folder.mkdir()
    tensors = load("siamfc", weights="random:3").state_dict()
    save_file({name: each.contiguous() for name, each in tensors.items()}, folder / "w 1.safetensors")
    shutil.copy(yaml_file("trackers", "preset", "siamfc"), folder / "my_own.yaml")
    monkeypatch.chdir(folder)
    given = TrackerSpec("my_own.yaml", weights="w 1.safetensors")
    found = started(given, monkeypatch, tmp_path / "two")
    assert found.name == str(folder / "my_own.yaml") and found.weights == str(folder / "w 1.safetensors")


@pytest.mark.parametrize("value", [None, True, "3", "a b", 1e-05, [1, 2], {"a": 1.5}])
def test_a_registry_keeps_the_values_of_settings(value: object) -> None:
    words = shlex.split(command(TrackerSpec("dcf", (("key", value),))))
    assert given_settings([words[-1]]) == {"key": value}


def test_a_label_that_the_toolkit_passes_over_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="vot-toolkit knows no tracker called 'my own'"):
        write_workspace(tmp_path / "w", [TrackerSpec("my own.yaml")], ResetBased(2018))
    assert not (tmp_path / "w").exists()


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
