# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Archives that are refused in words: manifests that are none, and contents that are no tracker to fly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tracker_ros.cli import main
from tracker_ros.export.archive import ArchiveError, export, load_archive, manifest_path, read_manifest
from tracker_ros.export.script import can_script
from tracker_ros.trackers import load

pytestmark = pytest.mark.skipif(not can_script(), reason="this Python does not compile")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "dcf.ts"
    export(load("dcf"), "dcf", {}, path)
    return path


def copied(sound: Path, folder: Path, **changes: Any) -> Path:
    """The archive with other values in its manifest."""
    path = folder / sound.name
    path.write_bytes(sound.read_bytes())
    content = {**json.loads(manifest_path(sound).read_text()), **changes}
    manifest_path(path).write_text(json.dumps(content))
    return path


BOXES = "boxes must be lists of four finite numbers"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": []}, r"format must be a text, got \[\]"),
        ({"format": "zip"}, "format 'zip'; known: torchscript"),
        ({"tracker": ["dcf"]}, r"tracker must be a text, got \['dcf'\]"),
        ({"tracker": None}, "tracker must be a text, got None"),
        ({"archive_sha256": 7}, "archive_sha256 must be a text, got 7"),
        ({"settings": []}, "settings must be a mapping"),
        ({"boxes": {}}, "boxes must be a list"),
        ({"boxes": [1, 2]}, BOXES),
        ({"boxes": [[1, 2, 3]]}, BOXES),
        ({"boxes": [[1, 2, 3, float("nan")]]}, BOXES),
        ({"boxes": [[1, 2, 3, "4"]]}, BOXES),
        ({"deviation": float("inf")}, "deviation must be a finite number, got inf"),
        ({"deviation": True}, "deviation must be a finite number, got True"),
        ({"surplus": 1}, "unknown key 'surplus'; known: archive_sha256, boxes"),
    ],
)
def test_a_manifest_with_other_values_is_refused(
    sound: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArchiveError, match=words) as caught:
        load_archive(copied(sound, tmp_path, **changes), [tmp_path])
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no manifest"),
        (b"[]", r"it must map names to values, got \[\]"),
        (b"null", "it must map names to values, got None"),
        (b'"' + b"x" * 100_000 + b'"', "it must map names to values, got 'xxx"),
        (b"{}", "missing 8 required"),
        (b"\xff\xfe{}", "no manifest"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(sound: Path, tmp_path: Path, text: bytes, words: str) -> None:
    path = copied(sound, tmp_path)
    manifest_path(path).write_bytes(text)
    with pytest.raises(ArchiveError, match=words) as caught:
        read_manifest(path)
    assert "dcf.json is no manifest" in str(caught.value) and len(str(caught.value)) < 600


class Other(torch.nn.Module):
    """A module, but no tracker."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def replaced(sound: Path, folder: Path, module: Any) -> Path:
    """An archive of another module whose manifest is right about its bytes."""
    content = module.save_to_buffer()
    path = copied(sound, folder, archive_sha256=hashlib.sha256(content).hexdigest())
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_parameters_that_are_not_finite_are_refused(sound: Path, tmp_path: Path, number: float) -> None:
    module = torch.jit.script(load("dcf_tiny", weights="random:0"))
    with torch.no_grad():
        name, parameter = next(iter(module.named_parameters()))
        parameter.view(-1)[0] = number
    path = replaced(sound, tmp_path, module)
    with pytest.raises(ArchiveError, match=f"dcf.ts: the archive holds NaN or infinity in {name}"):
        load_archive(path, [tmp_path])


def test_a_module_that_is_no_tracker_is_refused(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = replaced(sound, tmp_path, torch.jit.script(Other()))
    assert main(["export", "--check", str(path)]) == 2
    lacking = "it has no method initialize, localize, update, missed: export it with this version"
    assert f"{path} cannot be loaded: {lacking}" in capsys.readouterr().err
