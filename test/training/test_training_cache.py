# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The cache of what frozen parts make of the crops: what is in it, what it depends on, what breaks it."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tracker_ros.files import WriteError
from tracker_ros.training import feature_cache
from tracker_ros.training.clips import Clip, ImageFiles
from tracker_ros.training.contract import PairSpec, PairTraining
from tracker_ros.training.feature_cache import SHARD, cache_key, fill_cache
from tracker_ros.training.recipes import Recipe, RecipeError, Validation, build, read_recipe
from tracker_ros.training.sampling import ClipPairs, PairDataset, collate
from tracker_ros.training.smoke import smoke_sources
from tracker_ros.training.sources import Named
from tracker_ros.training.trainer import train

COUNT = SHARD + 3
CPU = torch.device("cpu")


class Frozen(PairTraining):
    """A linear head on the means of a frozen convolution; counts how often that one runs."""

    frozen = ("body",)

    def __init__(self) -> None:
        super().__init__()
        self.spec = PairSpec(exemplar=16, search=24)
        self.body = torch.nn.Conv2d(3, 4, 3).requires_grad_(False)
        self.head = torch.nn.Linear(4, 1)
        self.passes = 0

    def features(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        self.passes += batch["search"].shape[0]
        return {"map": self.body(batch["search"] / 255)}

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        maps = batch["map"] if "map" in batch else self.features(batch)["map"]
        wanted = batch["search_box"][:, :1] / 24
        return {"loss": (self.head(maps.mean((2, 3))) - wanted).square().mean()}

    def tracker_state(self) -> dict[str, Tensor]:
        return dict(self.state_dict())


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tracker_ros" / "features"


def recipe(**changes: object) -> Recipe:
    plain = read_recipe("dcfst_mobile", {"precision": "32-true", "batch_size": 4, "epochs": 2})
    fixed = {"validation": Validation(share=0), "cache": True, "pairs_per_epoch": COUNT, "name": "test"}
    return dataclasses.replace(plain, **{**fixed, **changes})


def module() -> Frozen:
    torch.manual_seed(0)
    return Frozen()


def test_the_cache_holds_what_the_frozen_parts_compute(cache: Path) -> None:
    net, plain = module(), recipe()
    sources = smoke_sources(net.spec)
    cached = fill_cache(net, plain, sources, CPU, lambda text: None)
    assert net.passes == 2 * SHARD and len(cached) == COUNT
    # Without augmentation each item is the pair of its number.
    still = dataclasses.replace(plain, augment=type(plain.augment)())
    cached = fill_cache(net, still, sources, CPU, lambda text: None)
    pairs = PairDataset([(sources[0].source, 1.0)], COUNT, still.seed)
    stored = load_file(str(feature_cache.shard_file(cached.folder, 1)))
    for place in (0, 2):
        pair = collate([pairs[SHARD + place]])
        expected = net.features({"search": pair["search"].float()})["map"][0]
        torch.testing.assert_close(stored["map"][place].float(), expected, rtol=1e-3, atol=1e-3)
        assert torch.equal(stored["search_box"][place], pair["search_box"][0])
    assert "search" not in stored and stored["map"].dtype == torch.float16


def test_every_epoch_has_every_pair_in_another_order(cache: Path) -> None:
    net = module()
    cached = fill_cache(net, recipe(), smoke_sources(net.spec), CPU, lambda text: None)
    orders = []
    for cached.epoch in (0, 1):
        orders.append([float(cached[i]["search_box"].sum()) for i in range(COUNT)])
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]
    cached.start = 5
    assert float(cached[0]["search_box"].sum()) == orders[1][5]


def test_runs_share_a_cache_and_take_up_one_that_was_broken_off(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = module()
    sources = smoke_sources(net.spec)

    def full(descriptor: int) -> None:
        os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as small, pytest.raises(WriteError, match=r"cannot write \S+: No space left"):
        small.setattr(os, "fsync", full)
        fill_cache(net, recipe(), sources, CPU, lambda text: None)
    (folder,) = cache.iterdir()
    assert list(folder.iterdir()) == [], "half a file was left behind"
    net.passes = 0
    fill_cache(net, recipe(pairs_per_epoch=SHARD), sources, CPU, lambda text: None)
    told: list[str] = []
    fill_cache(net, recipe(), sources, CPU, told.append)
    assert net.passes == 2 * SHARD and "1 of 2 files are in" in told[0]


def test_the_key_depends_on_all_that_a_feature_depends_on(tmp_path: Path) -> None:
    net, plain = module(), recipe()
    images = ImageFiles((tmp_path / "0.png",))
    images.paths[0].write_bytes(b"first")
    clip = Clip("a", images, np.array([[10.0, 10.0, 8.0, 8.0]]))

    def key(**changes: object) -> str:
        clips = [changes.pop("clip", clip)]
        named = Named(ClipPairs(clips, net.spec, changes.pop("gap", 9)), 1.0, "tracks", "")
        return cache_key(net, dataclasses.replace(plain, **changes), [named])

    first = key()
    assert key() == first and key(epochs=7, batch_size=2, pairs_per_epoch=9) == first
    others = [key(seed=5), key(gap=3), key(augment=type(plain.augment)(flip=0.1))]
    others.append(key(clip=dataclasses.replace(clip, boxes=clip.boxes + 1)))
    images.paths[0].write_bytes(b"another picture")
    others.append(key())
    with torch.no_grad():
        net.head.weight += 1
        assert key() == others[-1], "what learns has no part in the features"
        net.body.weight += 1
    others.append(key())
    assert len({first, *others}) == len(others) + 1


def test_training_from_the_cache_passes_the_frozen_part_once(cache: Path, tmp_path: Path) -> None:
    net, plain = module(), recipe(epochs=3)
    fit = train(net, plain, smoke_sources(net.spec), tmp_path / "run", accelerator="cpu")
    assert fit.steps_done == 3 * (COUNT // 4) and net.passes == 2 * SHARD
    again = module()
    train(again, plain, smoke_sources(net.spec), tmp_path / "again", accelerator="cpu")
    assert again.passes == 0
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("recipe", "less"),
    [
        ("dcfst_mobile", {"candidates": 4}),
        ("rtmdnet_mobile", {"freeze": True, "domains": 2, "positives": 4, "negatives": 6}),
    ],
)
def test_a_training_learns_the_same_from_its_features(recipe: str, less: dict[str, int]) -> None:
    base = read_recipe(recipe)
    training = build(dataclasses.replace(base, arguments={**base.arguments, **less})).eval()
    assert training.frozen
    draw = smoke_sources(training.spec)[0]
    pairs = PairDataset([(draw.source, 1.0)], 2, 0)
    batch = {n: t for n, t in collate([pairs[0], pairs[1]]).items() if isinstance(t, Tensor)}
    for name in ("exemplar", "search"):
        batch[name] = batch[name].float()
    batch["domain"] = torch.tensor([0, 1])
    cached = {n: t for n, t in batch.items() if n not in ("exemplar", "search")}
    with torch.no_grad():
        cached |= training.features(batch)
        losses = []
        for given in (batch, cached):
            torch.manual_seed(0)
            losses.append(training(given)["loss"])
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-5)


def test_a_training_without_frozen_parts_has_nothing_to_cache() -> None:
    plain = dataclasses.replace(read_recipe("micro_resnet"), cache=True)
    net = build(plain)
    with pytest.raises(RecipeError, match="'cache' is for trainings with frozen parts"):
        fill_cache(net, plain, smoke_sources(net.spec), CPU, lambda text: None)
