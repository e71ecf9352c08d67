# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The weights manifest, the loader and the command: what is refused, and what its message says."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tracker_ros.networks.backbones.factory import build_backbone
from tracker_ros.trackers import load
from tracker_ros.trackers.presets import preset_files, read_preset
from tracker_ros.training.exporting import export
from tracker_ros.weights import WeightsError, load_weights, manifest, read_state_dict
from tracker_ros.weights.cli import add_parsers
from tracker_ros.weights.loader import fill


class Holder(torch.nn.Module):
    """What a tracker without a head looks like to the loader."""

    def __init__(self, levels: tuple[str, ...] = ("stride4",)) -> None:
        super().__init__()
        self.backbone = build_backbone("micro_resnet", levels)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with one set, and a manifest that knows it and one that is missing."""
    folder, configuration = tmp_path / "weights", tmp_path / "config"
    folder.mkdir()
    configuration.mkdir()
    tensors = dict(build_backbone("micro_resnet", ("stride4", "stride8")).state_dict())
    save_file(tensors, str(folder / "here.safetensors"))
    digest = manifest.sha256(folder / "here.safetensors")
    (configuration / "weights_test.yaml").write_text(
        f"here: {{file: here.safetensors, source: by hand, sha256: '{digest}', licence: MIT, input: caffe}}\n"
        "gone: {file: gone.pth, source: 'https://example.org/gone.pth', sha256: '0123abcd', licence: MIT}\n"
    )
    monkeypatch.setenv(manifest.VARIABLE, str(folder))
    monkeypatch.setattr(manifest, "config_folders", lambda: [configuration])
    return folder


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers())
    args = parser.parse_args(["weights", *arguments])
    return int(args.run(args))


def test_every_shipped_entry_is_complete():
    found = manifest.entries()
    assert {"vgg16_imagenet", "resnet18_imagenet", "resnet50_imagenet", "alexnet_imagenet"} <= set(found)
    assert all(entry.source and entry.licence for entry in found.values())


def test_a_shallower_network_takes_what_it_has_from_a_deeper_file(store):
    holder = Holder()
    load_weights(holder, "here")
    stored = load_file(str(store / "here.safetensors"))
    assert torch.equal(holder.backbone.stem[0].weight, stored["stem.0.weight"])
    assert holder.backbone.bgr, "the manifest's input convention was not applied"


def test_a_backbone_takes_what_it_has_from_a_deeper_file(store):
    backbone = build_backbone("micro_resnet", ("stride4",))
    load_weights(backbone, "here")
    stored = load_file(str(store / "here.safetensors"))
    assert torch.equal(backbone.stages[0].down[0].weight, stored["stages.0.down.0.weight"]) and backbone.bgr


def test_a_tracker_without_a_head_takes_the_backbone_of_another_s_file(tmp_path):
    other = {f"net.{name}": tensor + 1 for name, tensor in Holder(("stride8",)).state_dict().items()}
    save_file({**other, "net.head.weight": torch.ones(3)}, str(tmp_path / "other.safetensors"))
    holder = Holder()
    load_weights(holder, str(tmp_path / "other.safetensors"))
    assert all(torch.equal(tensor, other[f"net.{name}"]) for name, tensor in holder.state_dict().items())


def test_a_deeper_network_says_what_it_lacks(store):
    with pytest.raises(WeightsError, match="missing backbone.stages.2"):
        load_weights(Holder(("stride16",)), str(store / "here.safetensors"))


def test_files_of_early_pytorch_lack_batch_counters():
    holder = Holder()
    tensors = {k: v for k, v in holder.state_dict().items() if not k.endswith("num_batches_tracked")}
    fill(holder, tensors, "old file")


def test_changed_file_is_refused(store):
    path = store / "here.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="is not 'here': its SHA-256"):
        load_weights(Holder(), "here")


@pytest.mark.parametrize(
    "weights, said",
    [
        ("gone", "get gone.pth from https://example.org/gone.pth and put it into"),
        ("nothing", "unknown weights 'nothing'; known: gone, here"),
        ("", "needs weights"),
        ("absent.pth", "does not exist"),
    ],
)
def test_what_is_missing_is_told(store, weights, said):
    with pytest.raises(WeightsError, match=said):
        load_weights(Holder(), weights)


def test_pickles_that_run_code_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("code ran",)

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="cannot be read as plain tensors") as refused:
        read_state_dict(path)
    # Torch's own words advise to run the code: "Re-running `torch.load` with `weights_only` set to `False`".
    assert str(refused.value).endswith(": it is damaged, of another format, or holds more than tensors")


@pytest.mark.parametrize("name", ["w.SafeTensors", "w.PTH", "folder/w"])
def test_a_file_is_read_whatever_the_case_of_its_suffix(tmp_path, name):
    path, tensors = tmp_path / name, dict(Holder().state_dict())
    path.parent.mkdir(exist_ok=True)
    save_file(tensors, str(path)) if name.endswith("Tensors") else torch.save(tensors, path)
    module = Holder()
    load_weights(module, str(path))
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in module.state_dict().items())


@pytest.mark.parametrize("seed", ["99999999999999999999999", "1.5", "²"])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(WeightsError, match=f"'random:{seed}' needs a whole number of at most 18 digits"):
        load_weights(Holder(), f"random:{seed}")


@pytest.mark.parametrize(
    "name, said",
    [
        ("mine", "mine: the name of a file of weights ends in .safetensors; give it that ending"),
        ("mine.pth", "mine.pth: the name of a file of weights ends in .safetensors"),
        ("param.SafeTensors", "param.SafeTensors: this command reads it, as "),
    ],
)
def test_an_import_writes_what_can_be_read_and_not_its_input(tmp_path, capsys, name, said):
    published = tmp_path / "param.SafeTensors"
    published.write_bytes(b"what is read")
    assert run("import", "--from", "dcfnet", str(published), "--out", str(tmp_path / name)) == 2
    shown = capsys.readouterr().err
    assert said in shown and shown.count("\n") == 1
    assert published.read_bytes() == b"what is read" and list(tmp_path.iterdir()) == [published]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_parameters_that_are_not_finite_are_refused(tmp_path, number, suffix):
    path, tensors = tmp_path / f"diverged{suffix}", dict(Holder().state_dict())
    last = list(tensors)[-2]
    tensors[last] = torch.full_like(tensors[last], number)
    save_file(tensors, str(path)) if suffix == ".safetensors" else torch.save(tensors, path)
    module = Holder()
    with pytest.raises(WeightsError, match=f"{path} holds NaN or infinity in {last}: did its training"):
        load_weights(module, str(path))
    assert all(bool(torch.isfinite(t).all()) for t in module.state_dict().values())


def test_parameters_that_are_not_finite_are_not_written(tmp_path):
    path = tmp_path / "out.safetensors"
    with pytest.raises(WeightsError, match="the training holds NaN or infinity in b"):
        export({"a": torch.ones(2), "b": torch.tensor([float("nan")])}, path)
    with pytest.raises(WeightsError, match="half precision holds NaN or infinity in a"):
        export({"a": torch.tensor([1e6])}, path, half=True)
    assert not path.exists()
    export({"a": torch.tensor([1e6])}, path)
    assert path.exists()


def test_random_weights_repeat():
    first, second, other = Holder(), Holder(), Holder()
    for holder, name in ((first, "random:1"), (second, "random:1"), (other, "random:2")):
        load_weights(holder, name)
    weight = first.backbone.stem[0].weight
    assert torch.equal(weight, second.backbone.stem[0].weight)
    assert not torch.equal(weight, other.backbone.stem[0].weight)


@pytest.mark.parametrize(
    "fields, said",
    [
        ("{file: a, source: b, sha256: 12345678, licence: c}", "hex digits in quotes"),
        ("{file: a, source: b, sha256: 'XYZ', licence: c}", "hex digits in quotes"),
        ("{file: a}", "missing 2 required"),
        ("[", "manifest"),
    ],
)
def test_a_broken_manifest_names_itself(store, fields, said):
    (manifest.config_folders()[0] / "weights_bad.yaml").write_text(f"bad: {fields}\n")
    with pytest.raises(WeightsError, match=said):
        manifest.entries()


def test_command_lists_and_verifies(store, capsys):
    assert run("list") == 0
    assert run("verify") == 0
    assert "here.safetensors is genuine" in capsys.readouterr().out.replace("\n", "")


def test_command_tells_a_missing_file_in_one_line(store, capsys):
    assert run("verify", "gone") == 2
    assert run("download", "nothing") == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2 and "put it into" in told[0] and "unknown weights" in told[1]


def test_dcfnet_is_known_once_its_published_file_is_imported(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(manifest.VARIABLE, str(tmp_path / "weights"))
    with pytest.raises(WeightsError) as absent:
        load("dcfnet")
    command = f"weights import --from dcfnet FILE --out {tmp_path / 'weights' / 'dcfnet.safetensors'}`"
    assert "DCFNet_pytorch" in str(absent.value) and str(absent.value).endswith(command)
    shapes = {"0.weight": (32, 3, 3, 3), "0.bias": (32,), "2.weight": (32, 32, 3, 3), "2.bias": (32,)}
    published = {f"feature.{name}": torch.randn(shape) for name, shape in shapes.items()}
    torch.save(published, tmp_path / "param.pth")
    words = command.removesuffix("`").replace("FILE", str(tmp_path / "param.pth")).split()
    assert run(*words[1:]) == 0
    assert torch.equal(load("dcfnet").features.conv2.bias, published["feature.2.bias"])
    assert run("verify", "dcfnet") == 0
    assert "nothing to compare it with" in capsys.readouterr().out


def test_every_preset_s_weights_are_known():
    """But ResNet-18's of DCFST, which nobody publishes: its recipe makes them (docs/pretrained.md)."""
    wanted = {read_preset(name).weights for name in preset_files()} - {""}
    assert wanted - set(manifest.entries()) == {"dcfst_resnet18"}


def test_a_preset_without_weights_is_named():
    with pytest.raises(WeightsError, match="^preset 'cfnet' needs weights: give a file"):
        load("cfnet")


def test_command_imports_a_published_file(store, shared_data, capsys):
    published = shared_data / "weights" / "dcfnet" / "param.pth"
    if not published.is_file():
        pytest.skip(f"no {published}")
    assert run("import", "--from", "dcfnet", str(published)) == 0
    assert "features.conv1.weight" in load_file(str(store / "param.safetensors"))
