# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Recipes, the trainer and the command: smoke runs, resuming, two processes, export."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from training_helpers import small

from tracker_ros.cli import main
from tracker_ros.data.sequence import DataError
from tracker_ros.training.cli import roots
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.exporting import export, load_checkpoint
from tracker_ros.training.recipes import (
    RecipeError,
    build,
    read_recipe,
    recipe_files,
    training_class,
)
from tracker_ros.training.sampling import collate, to_tensors
from tracker_ros.training.schedules import Schedule
from tracker_ros.training.smoke import clouds, smoke_sources
from tracker_ros.training.sources import folder_kinds
from tracker_ros.training.trainer import Fit, train
from tracker_ros.weights.loader import read_state_dict

ROOT = Path(__file__).resolve().parents[2]


def test_smoke_of_all_recipes_and_of_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = recipe_files()
    few = {name: files[name] for name in ("siamfc", "micro_resnet")}
    monkeypatch.setattr("tracker_ros.training.cli.recipe_files", lambda: few)
    assert main(["train", "--recipe", "all", "--smoke"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["micro_resnet", "siamfc"]
    assert main(["train", "--recipe", "edsiam", "--smoke"]) == 0
    assert re.match(r"edsiam: loss [\d.e+]+, 32 tensors, [\d.]+ s$", capsys.readouterr().out)


@pytest.mark.parametrize("name", sorted(recipe_files()))
def test_recipe_builds_what_it_names(name: str) -> None:
    recipe = read_recipe(name)
    assert issubclass(training_class(recipe), PairTraining)
    assert recipe.epochs * recipe.pairs_per_epoch >= recipe.batch_size


@pytest.mark.parametrize(
    "content,message",
    [
        ({"module": "nothing.Nothing"}, "no module tracker_ros.training.nothing"),
        ({"module": "micro_resnet.Huge"}, "no training module 'Huge'"),
        ({"arguments": {"colour": 1}}, "colour"),
        ({"epochs": 0}, "epochs"),
        ({"optimizer": {"name": "rocket", "lr": 1.0}}, "rocket"),
        ({"speed": 1}, "speed"),
        ({"data": []}, "nothing to learn"),
    ],
)
def test_wrong_recipes_say_what_is_wrong(content: dict, message: str, tmp_path: Path) -> None:
    base = yaml.safe_load(recipe_files()["micro_resnet"].read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**base, **content}))
    with pytest.raises(RecipeError, match=message):
        build(read_recipe(str(path)))


def test_unknown_recipe_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--recipe", "perpetual", "--smoke"]) == 2
    assert "siamfc" in capsys.readouterr().err
    assert main(["train", "--recipe", "micro_resnet", "--out", "x", "--data", "photos=/nowhere"]) == 2
    assert "photos=/nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--out", "x"], ["--dry-run"]])
def test_data_of_a_kind_that_the_recipe_does_not_name_is_refused(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", f"vid={tmp_path}", "--data", f"lassot={tmp_path}", *more]
    assert main(["train", "--recipe", "siamfc", *words]) == 2
    assert (
        capsys.readouterr().err == f"tracker_ros train: --data lassot={tmp_path}: recipe siamfc takes vid\n"
    )
    folders = [f"{kind}={tmp_path}" for kind in ("photos", "segmented", "labelled", "unlabelled")]
    assert len(roots(folders, read_recipe("micro_resnet"))) == 4
    with pytest.raises(DataError, match="takes photos, stamps, polygons, segmented, labelled, unlabelled$"):
        roots([f"synthetic={tmp_path}"], read_recipe("micro_resnet"))


def test_commands_of_the_documentation_name_kinds_of_their_recipes() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/weights/*.md")]
    pages += [*ROOT.glob("scripts/*"), *ROOT.glob("tracker_ros/**/*.py")]
    checked = 0
    for page in pages:
        commands = page.read_text().replace("\\\n", " ").splitlines()
        for command in (line for line in commands if re.search(r"--recipe \w+ .*--data \w+=", line)):
            (name,) = re.findall(r"--recipe (\w+)", command)
            kinds = set(re.findall(r"--data (\w+)=", command))
            assert kinds <= set(folder_kinds(read_recipe(name).data)), (page, command)
            checked += 1
    assert checked > 15


def test_resuming_gives_what_one_run_gives(tmp_path: Path) -> None:
    one, two = (small(epochs=e, schedule=Schedule("constant")) for e in (1, 2))
    torch.manual_seed(0)
    whole, halves = build(two), build(two)
    halves.load_state_dict(whole.state_dict())
    train(whole, two, smoke_sources(whole.spec), tmp_path / "whole", accelerator="cpu")
    train(halves, one, smoke_sources(halves.spec), tmp_path / "halves", accelerator="cpu")
    torch.manual_seed(1)
    resumed = build(two)
    fit = train(
        resumed,
        two,
        smoke_sources(resumed.spec),
        tmp_path / "resumed",
        accelerator="cpu",
        resume=tmp_path / "halves" / "last.ckpt",
    )
    assert fit.steps_done == 4
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, msg=name)


def test_checkpoint_says_what_it_was_trained_with_and_exports(tmp_path: Path) -> None:
    recipe = small()
    module = build(recipe)
    train(module, recipe, smoke_sources(module.spec), tmp_path, accelerator="cpu")
    loaded, checkpoint = load_checkpoint(tmp_path / "last.ckpt", recipe)
    assert (
        checkpoint["recipe"]["module"] == "micro_resnet.MicroResNetTraining" and "smoke" in checkpoint["data"]
    )
    assert list(tmp_path.glob("logs/events*"))
    digest = export(loaded.tracker_state(), tmp_path / "w.safetensors")
    assert len(digest) == 64
    for name, tensor in read_state_dict(tmp_path / "w.safetensors").items():
        torch.testing.assert_close(tensor, module.tracker_state()[name])
    with pytest.raises(RecipeError, match="was trained with"):
        load_checkpoint(tmp_path / "last.ckpt", dataclasses.replace(recipe, arguments={}))


def test_frozen_parts_and_relative_rates(tmp_path: Path) -> None:
    recipe = small(epochs=2, freeze_epochs={"backbone.stem": 1}, lr_multipliers={"filters": 0.5})
    module = build(recipe, with_initial=False)  # a part that is frozen at first is random here
    before = {n: t.clone() for n, t in module.backbone.stem.state_dict().items()}
    stages = [p.clone() for p in module.backbone.stages.parameters()]
    fit = train(
        module,
        dataclasses.replace(recipe, epochs=1),
        smoke_sources(module.spec),
        tmp_path,
        accelerator="cpu",
        quiet=True,
    )
    for name, tensor in module.backbone.stem.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    learned = list(module.backbone.stages.parameters())
    assert not all(torch.equal(a, b) for a, b in zip(stages, learned, strict=True))
    assert {fit._relative_rate("filters.0.log_temperature"), fit._relative_rate("filtersx.0")} == {0.5, 1.0}


def test_loss_that_is_not_finite_stops_with_advice() -> None:
    module = build(small())
    fit = Fit(module, small(), [])
    with torch.no_grad():
        module.filters[0].log_temperature.fill_(float("nan"))
    source = smoke_sources(module.spec)[0].source
    sample = {**to_tensors(source.draw(np.random.default_rng(0))), "bad": []}
    fit.log_dict = fit.log = lambda *a, **k: None
    with pytest.raises(FloatingPointError, match="lower the recipe's rate"):
        fit.training_step(collate([sample, sample]), 0)


def photos(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for kind in ("photos", "stamps", "labelled", "unlabelled"):
        (folder / kind).mkdir()
    for i in range(2):
        cv2.imwrite(str(folder / "photos" / f"{i}.png"), clouds(rng, 90, 120))
        cv2.imwrite(str(folder / "labelled" / f"{i}.png"), clouds(rng, 90, 120))
        (folder / "labelled" / f"{i}.txt").write_text("0 0.5 0.5 0.3 0.3\n")
        cut = np.dstack([clouds(rng, 40, 40), np.full((40, 40), 255, np.uint8)])
        cv2.imwrite(str(folder / "stamps" / f"{i}.png"), cut)


@pytest.mark.timeout(300)
def test_two_processes_train_one_model_and_export_it(tmp_path: Path) -> None:
    photos(tmp_path)
    recipe = yaml.safe_load(recipe_files()["micro_resnet"].read_text())
    recipe.update(
        data=[{"kind": "synthetic"}, {"kind": "labelled"}],
        pairs_per_epoch=8,
        epochs=1,
        batch_size=2,
        precision="32-true",
        arguments={"size": 32, "levels": ["stride4"]},
    )
    (tmp_path / "pair.yaml").write_text(yaml.safe_dump(recipe))
    command = [
        sys.executable,
        "-m",
        "tracker_ros.cli",
        "train",
        "--recipe",
        "pair.yaml",
        "--out",
        "out",
        "--devices",
        "2",
        "--accelerator",
        "cpu",
        "--strategy",
        "ddp",
        "--export",
        "out/pair.safetensors",
        "--data",
        "photos=photos",
        "--data",
        "stamps=stamps",
        "--data",
        "labelled=labelled",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    checkpoint = torch.load(tmp_path / "out" / "last.ckpt", weights_only=False)
    # Eight pairs, two devices with two pairs a step each.
    assert checkpoint["global_step"] == 2
    assert set(checkpoint["data"]) == {"synthetic", "labelled"}
    assert "stem.0.weight" in read_state_dict(tmp_path / "out" / "pair.safetensors")
    card = (tmp_path / "out" / "pair.md").read_text()
    assert "micro_resnet.MicroResNetTraining" in card and "- steps: 2" in card
