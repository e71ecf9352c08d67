# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Import of NanoTrack v2's checkpoint: its layout with seeded numbers, the published file against ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tracker_ros.cli import main
from tracker_ros.networks.siamban import SiamBanNet
from tracker_ros.trackers import load
from tracker_ros.trackers.siamban import SiamBan
from tracker_ros.weights import WeightsError
from tracker_ros.weights.importers.nanotrack import import_nanotrack

# Some of the published names, and the parameters that they stand for.
NAMES = {
    "backbone.features.0.0.weight": "backbone.features.0.0.weight",
    "ban_head.corr_pw_cls.CA_layer.fc1.bias": "classify.correlation.reduce.bias",
    "ban_head.corr_pw_reg.CA_layer.fc2.weight": "locate.correlation.expand.weight",
    "ban_head.corr_pw_reg.conv_kernel.0.weight": "locate.correlation.kernel.conv.weight",
    "ban_head.corr_pw_cls.conv_search.1.running_var": "classify.correlation.search.norm.running_var",
    "ban_head.cls_pw_tower.4.weight": "classify.tower.1.each.weight",
    "ban_head.bbox_pw_tower.21.weight": "locate.tower.5.point.weight",
    "ban_head.bbox_pw_tower.22.running_mean": "locate.tower.5.norm.running_mean",
    "ban_head.cls_pred.0.bias": "classify.predict.bias",
    "ban_head.bbox_pred.0.weight": "locate.predict.weight",
}


def published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names that SiamTrackers gives a network's parameters."""
    found = {}
    for name, tensor in state.items():
        branch, _, rest = name.partition(".")
        if branch == "backbone":
            found[name] = tensor
            continue
        part, _, end = rest.partition(".")
        short = "cls" if branch == "classify" else "reg"
        tower = "cls" if branch == "classify" else "bbox"
        if part == "predict":
            found[f"ban_head.{tower}_pred.0.{end}"] = tensor
        elif part == "tower":
            number, layer, value = end.split(".")
            place = 4 * int(number) + ("each", "point", "norm").index(layer)
            found[f"ban_head.{tower}_pw_tower.{place}.{value}"] = tensor
        else:
            for ours, theirs in (
                ("reduce", "CA_layer.fc1"),
                ("expand", "CA_layer.fc2"),
                ("kernel.conv", "conv_kernel.0"),
                ("kernel.norm", "conv_kernel.1"),
                ("search.conv", "conv_search.0"),
                ("search.norm", "conv_search.1"),
            ):
                end = end.replace(ours, theirs) if end.startswith(ours) else end
            found[f"ban_head.corr_pw_{short}.{end}"] = tensor
    return found


def save(path: Path, state: dict[str, Tensor]) -> Path:
    """A checkpoint as published: with what its optimiser noted down, and a neck that nothing uses."""
    noted = {"neck.downsample.0.weight": torch.zeros(64, 64, 1, 1), **state}
    torch.save({"epoch": 3, "state_dict": noted, "optimizer": {"lr": np.float64(0.1)}}, path)
    return path


def test_every_parameter_comes_under_its_own_name(tmp_path: Path) -> None:
    net = SiamBanNet()
    for parameter in net.parameters():
        parameter.data = torch.randn_like(parameter)
    theirs = published(net.state_dict())
    assert NAMES.keys() <= theirs.keys()
    found = import_nanotrack(save(tmp_path / "nano.pth", theirs))
    assert found.keys() == net.state_dict().keys()
    for name, tensor in net.state_dict().items():
        assert torch.equal(found[name], tensor), name
    for name, ours in NAMES.items():
        assert torch.equal(theirs[name], found[ours])


def test_what_the_command_writes_is_a_tracker_s_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, out = SiamBanNet(), tmp_path / "nano.safetensors"
    net.classify.predict.bias.data.fill_(0.125)
    file = save(tmp_path / "nano.pth", published(net.state_dict()))
    assert main(["weights", "import", "--from", "nanotrack", str(file), "--out", str(out)]) == 0
    assert "292 tensors; give this file as a tracker's weights" in capsys.readouterr().out
    tracker = load("siamban_mobile", weights=out)
    assert isinstance(tracker, SiamBan) and tracker.net.classify.predict.bias.tolist() == [0.125, 0.125]


def test_another_file_is_refused(tmp_path: Path) -> None:
    theirs = published(SiamBanNet().state_dict())
    headless = {name: tensor for name, tensor in theirs.items() if name.startswith("backbone.")}
    with pytest.raises(WeightsError, match=r"is not NanoTrack v2: it has no classify and no locate"):
        import_nanotrack(save(tmp_path / "a.pth", headless))
    with pytest.raises(WeightsError, match=r"unknown parameter ban_head.new.weight"):
        import_nanotrack(save(tmp_path / "b.pth", {**theirs, "ban_head.new.weight": torch.zeros(1)}))
    (tmp_path / "c.pth").write_bytes(b"no checkpoint")
    with pytest.raises(WeightsError, match="cannot be read"):
        import_nanotrack(tmp_path / "c.pth")


class Runs:
    """Unpickling it would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("ran",)


def test_a_file_with_code_in_it_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": {}, "extra": Runs()}, tmp_path / "d.pth")
    with pytest.raises(WeightsError, match="cannot be read .*holds more than tensors$"):
        import_nanotrack(tmp_path / "d.pth")
    assert "ran" not in capsys.readouterr().out


def test_the_published_network_answers_as_its_onnx_files_do(shared_data: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    folder = shared_data / "weights" / "nanotrack_v2"
    if not (folder / "nanotrackv2.pth").is_file():
        pytest.skip(f"no {folder / 'nanotrackv2.pth'}")
    net = SiamBanNet().eval()
    net.load_state_dict(import_nanotrack(folder / "nanotrackv2.pth"))
    backbone, head = (
        runtime.InferenceSession(str(folder / f"nanotrack_{part}_sim.onnx")) for part in ("backbone", "head")
    )
    generator = torch.Generator().manual_seed(0)
    search = torch.randint(0, 256, (1, 3, 255, 255), generator=generator).float()
    exemplar = 4 * torch.randn(1, 48, 8, 8, generator=generator)
    (features,) = backbone.run(None, {"input": search.flip(1).numpy()})  # it takes BGR
    classes, distances = head.run(None, {"input1": exemplar.numpy(), "input2": features})
    with torch.inference_mode():
        found = net.features(search)
        logits, sides = net(*net.template(exemplar), found)
    np.testing.assert_allclose(found.numpy(), features, atol=1e-3)
    np.testing.assert_allclose(logits.numpy(), classes[:, 1] - classes[:, 0], atol=1e-3)
    np.testing.assert_allclose(sides.numpy(), distances, rtol=1e-3)
