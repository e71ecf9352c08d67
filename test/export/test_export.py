# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Archives: loaded only when they are what they claim, also from C++."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tracker_ros.cli import main
from tracker_ros.data.footage import film
from tracker_ros.data.synthetic import AerialScene
from tracker_ros.export import require_script
from tracker_ros.export.archive import ArchiveError, load_archive, manifest_path, read_manifest
from tracker_ros.export.half import with_half_networks
from tracker_ros.ops.frames import to_tensor
from tracker_ros.trackers import SettingsError, load

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cpp_track"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "dcf.ts"
    assert main(["export", "--tracker", "dcf", "--out", str(path)]) == 0
    return path


def flight(count: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    shots = list(itertools.islice(film(AerialScene(seed=2), 30.0), count))
    frames = [to_tensor(shot.image).contiguous() for shot in shots]
    return frames, shots[0].box.to_tensor()


def follow(tracker, frames, box):
    state, found = tracker.initialize(frames[0], box), []
    for frame in frames[1:]:
        estimate = tracker.localize(frame, state)
        state = tracker.update(frame, state, estimate)
        found.append(torch.cat((estimate.box, estimate.score.reshape(1))))
    return torch.stack(found)


def test_check_agrees_with_the_manifest_and_notices_other_boxes(archive, tmp_path, capsys):
    assert main(["export", "--check", str(archive)]) == 0
    assert "as exported" in capsys.readouterr().out
    copy = tmp_path / "dcf.ts"
    shutil.copy(archive, copy)
    content = json.loads(manifest_path(archive).read_text())
    content["boxes"][5][0] += 1.0
    manifest_path(copy).write_text(json.dumps(content))
    assert main(["export", "--check", str(copy)]) == 1


def test_manifest_says_what_the_archive_is(archive):
    manifest = read_manifest(archive)
    assert (manifest.tracker, manifest.format) == ("dcf", "torchscript")
    assert manifest.settings["search_size"] == 120 and len(manifest.boxes) == 19
    assert not list(archive.parent.glob("*.part*"))


def test_changed_bytes_are_refused(archive, tmp_path):
    copy = tmp_path / "dcf.ts"
    shutil.copy(manifest_path(archive), manifest_path(copy))
    copy.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(ArchiveError, match="sha256 differs"):
        load_archive(copy, [tmp_path])


def test_files_elsewhere_missing_or_without_manifest_are_refused(archive, tmp_path):
    link = tmp_path / "link.ts"
    link.symlink_to(archive)
    with pytest.raises(ArchiveError, match="outside the allowed folders"):
        load_archive(link, [tmp_path])
    with pytest.raises(ArchiveError, match="does not exist"):
        load_archive(tmp_path / "no.ts", [tmp_path])
    (tmp_path / "bare.ts").write_bytes(b"PK")
    with pytest.raises(ArchiveError, match="no manifest"):
        load_archive(tmp_path / "bare.ts", [tmp_path])


@pytest.mark.parametrize(
    "words, message",
    [
        (["--out", "x.ts", "--tracker", "none"], "unknown preset 'none'"),
        (["--out", "x.ts", "--set", "size"], "expected KEY=VALUE"),
        (
            ["--out", "x.ts", "--tracker", "dcf", "--half", "bfloat16"],
            "Dcf has no backbone to run in bfloat16",
        ),
        (["--out", "x.ts", "--module", "features"], "must end in one of .pt2, .onnx"),
        (
            ["--out", "x.pt2", "--tracker", "dcf", "--module", "brain"],
            "no module 'brain'; known: features, scale_filter",
        ),
        ([], "say what to do"),
        (["--check", "j.onnx"], "--check j.onnx: it compares archives, whose names end in .ts"),
        (["--check", "j.ts", "--tracker", "dcf", "--out", "x.ts"], "takes no notice of --tracker, --out"),
        (["--check", "j.ts", "--set", "size=1", "--half", "float16"], "takes no notice of --set, --half"),
        (["--out", "x.ts", "--shape", "1,3,160,160"], "whole tracker takes no notice of --shape"),
        (
            ["--out", "x.pt2", "--module", "features", "--half", "float16"],
            "--module takes no notice of --half",
        ),
        (["--out", "x.pt2", "--module", ""], "no module ''"),
    ],
)
def test_wrong_requests_end_with_status_2(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *words]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_torchscript_that_is_switched_off_is_said(archive, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTORCH_JIT", "0")
    path = tmp_path / "off.ts"
    assert main(["export", "--tracker", "dcf", "--out", str(path)]) == 2
    assert f"{path} needs TorchScript, which PYTORCH_JIT=0 switches off" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert main(["export", "--check", str(archive)]) == 2
    assert f"{archive} cannot be loaded: PYTORCH_JIT=0 switches" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="--scripted needs TorchScript, which PYTORCH_JIT=0"):
        require_script("--scripted")
    monkeypatch.delenv("PYTORCH_JIT")
    require_script("--scripted")
    monkeypatch.delattr(torch, "jit")
    with pytest.raises(SettingsError, match="--scripted needs TorchScript, which Python 3.* with torch .* l"):
        require_script("--scripted")


@pytest.mark.parametrize("content", [b'{"mine": 1}', b"[1]", b"no JSON \xff", b"[" * 10**5])
def test_a_file_of_the_manifests_name_that_is_none_is_kept(content, capsys, tmp_path):
    (tmp_path / "keep.json").write_bytes(content)
    assert main(["export", "--tracker", "dcf", "--out", str(tmp_path / "keep.ts")]) == 2
    assert f"{tmp_path / 'keep.json'} is there and is no manifest" in capsys.readouterr().err
    assert (tmp_path / "keep.json").read_bytes() == content and not (tmp_path / "keep.ts").exists()


def test_an_earlier_manifest_is_replaced(tmp_path):
    (tmp_path / "dcf.json").write_text('{"archive_sha256": "", "of_an_earlier_version": true}')
    assert main(["export", "--tracker", "dcf", "--out", str(tmp_path / "dcf.ts")]) == 0
    assert read_manifest(tmp_path / "dcf.ts").tracker == "dcf"


def test_half_precision_moves_boxes_by_what_its_manifest_says(tmp_path):
    path = tmp_path / "half.ts"
    assert main(["export", "--tracker", "dcf_tiny", "--half", "bfloat16", "--out", str(path)]) == 0
    manifest = read_manifest(path)
    assert manifest.precision == "bfloat16" and 0 < manifest.deviation < 0.2
    network = with_half_networks(load("dcf_tiny"), "float16")
    assert {p.dtype for n, p in network.named_parameters() if "backbone" in n} == {torch.float16}


def test_an_archive_of_an_unknown_format_is_refused(archive, tmp_path):
    copy = tmp_path / "dcf.ts"
    shutil.copy(archive, copy)
    content = json.loads(manifest_path(archive).read_text())
    manifest_path(copy).write_text(json.dumps({**content, "format": "tea"}))
    with pytest.raises(ArchiveError, match="format 'tea'; known: torchscript"):
        load_archive(copy, [tmp_path])


@pytest.mark.parametrize("suffix", ["pt2", "onnx"])
def test_a_network_alone_gives_the_maps_of_the_source(tmp_path, suffix):
    if suffix == "onnx":
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
        runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / f"features.{suffix}"
    words = ["export", "--tracker", "dcf_tiny", "--module", "features", "--shape", "1,3,64,64"]
    assert main([*words, "--out", str(path)]) == 0
    crops = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    with torch.inference_mode():
        expected = load("dcf_tiny").features(crops)
    if suffix == "onnx":
        found = torch.from_numpy(runtime.InferenceSession(str(path)).run(None, {"crops": crops.numpy()})[0])
    else:
        found = torch.export.load(str(path)).module()(crops)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


def run(command: Sequence[object], **how) -> bytes:
    """What the command writes; where it fails, the test ends with the last lines of that."""
    ended = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, **how
    )
    last = "\n".join(ended.stdout.decode(errors="replace").splitlines()[-25:])
    assert ended.returncode == 0, f"{command[0]} ended with status {ended.returncode}:\n{last}"
    return ended.stdout


def build_example(source: Path, build: Path) -> Path:
    run(["cmake", "-S", source, "-B", build, f"-DPython3_EXECUTABLE={sys.executable}"])
    run(["cmake", "--build", build])
    return build / "cpp_track"


needs_compiler = pytest.mark.skipif(
    not (shutil.which("c++") and shutil.which("cmake")), reason="no C++ compiler or no cmake"
)


@needs_compiler
@pytest.mark.timeout(900)  # half a minute of compiling, on a machine that has nothing else to do
def test_a_cpp_program_tracks_with_the_archive(archive, pytestconfig):
    # Compiling takes longer than all other tests of this file: what did not change is not compiled again.
    key = hashlib.sha256(f"{torch.__file__} {torch.__version__} {EXAMPLE}".encode()).hexdigest()[:12]
    program = build_example(EXAMPLE, pytestconfig.cache.mkdir(f"cpp_track_{key}"))
    frames, box = flight(30)
    height, width = frames[0].shape[1:]
    pixels = b"".join(frame.permute(1, 2, 0).contiguous().numpy().tobytes() for frame in frames)
    output = run([program, archive, width, height, *box.tolist()], input=pixels)
    found = torch.tensor([[float(value) for value in line.split()] for line in output.splitlines()])
    with torch.inference_mode():
        expected = follow(load_archive(archive, [archive.parent]), frames, box)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


@needs_compiler
def test_a_cpp_program_that_does_not_compile_ends_with_the_compilers_words(tmp_path):
    shutil.copy(EXAMPLE / "CMakeLists.txt", tmp_path)
    (tmp_path / "track.cpp").write_text("#error not today\n")
    with pytest.raises(AssertionError, match="(?s)status [1-9].*track.cpp:1:.*error.*not today"):
        build_example(tmp_path, tmp_path / "build")


@needs_compiler
def test_the_cpp_example_builds_with_a_cuda_build_and_no_toolkit(tmp_path):
    """PyTorch's own CMake files stop where a wheel has CUDA's libraries and the machine no toolkit."""
    (tmp_path / "TorchConfig.cmake").write_text('message(FATAL_ERROR "no CUDA toolkit was found")\n')
    run(
        [
            "cmake",
            "-S",
            EXAMPLE,
            "-B",
            tmp_path / "build",
            f"-DTorch_DIR={tmp_path}",
            f"-DPython3_EXECUTABLE={sys.executable}",
        ]
    )
