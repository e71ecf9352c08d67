# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A cache of the frozen parts' outputs for a training's crops, computed once and kept on disk.

A recipe with `cache: true` learns from a fixed set of pairs, in another order every epoch. Before the
first step each pair is drawn, augmented and passed through the frozen parts; later epochs and later
runs read the features, in half precision. The folder's name is a hash of everything that they depend
on: the data, how crops are drawn and augmented, and the parameters of the frozen parts. A file holds 32
pairs and is renamed into place when it is whole, so a run that ends at any moment leaves nothing wrong
behind, and several runs may fill one cache.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor
from torch.utils.data import Dataset

from tracker_ros.files import write_whole
from tracker_ros.training.clip_index import IndexedImages
from tracker_ros.training.clips import ImageFiles, VideoFile
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.frames import cache_folder
from tracker_ros.training.recipes import Recipe, RecipeError
from tracker_ros.training.sampling import ClipPairs, PairDataset, collate
from tracker_ros.training.sources import Named

#: Pairs in a file, and how many of them the frozen parts see at once.
SHARD, BATCH = 32, 8
#: Changes when the same key would stand for other contents.
_VERSION = 1
_LARGEST = torch.finfo(torch.float16).max


def cache_key(module: PairTraining, recipe: Recipe, sources: Sequence[Named]) -> str:
    """Hash everything that a cached feature depends on."""
    digest = hashlib.sha256()
    described = {
        "version": _VERSION,
        "module": recipe.module,
        "spec": dataclasses.asdict(module.spec),
        "augment": dataclasses.asdict(recipe.augment),
        "seed": recipe.seed,
        "weights": [named.weight for named in sources],
    }
    digest.update(json.dumps(described, sort_keys=True, default=str).encode())
    for named in sources:
        _add_source(digest, named)
    for name, tensor in sorted(module.state_dict().items()):
        if name.startswith(tuple(f"{part}." for part in module.frozen)):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _add_source(digest: Any, named: Named) -> None:
    source = named.source
    digest.update(f"{named.kind} {named.fingerprint}".encode())
    if not isinstance(source, ClipPairs):
        return
    digest.update(f"{source.gap} {source.negative} {source.cap}".encode())
    for clip in source.clips:
        frames = clip.frames
        path = frames.path if isinstance(frames, VideoFile) else None
        path = frames.path(0) if isinstance(frames, ImageFiles | IndexedImages) else path
        stat = path.stat() if path is not None and path.is_file() else None
        changed = (stat.st_size, stat.st_mtime_ns) if stat else ()
        digest.update(f"{clip.name} {path} {changed}".encode() + clip.boxes.tobytes())


class CachedPairs(Dataset[dict[str, Any]]):
    """Pairs of a cache: `count` an epoch, in an order that depends on the seed and the epoch alone."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        self.folder, self.count, self.seed = folder, count, seed
        self.epoch, self.start = 0, 0
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        if self._order[0] != self.epoch:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count)
            self._order = (self.epoch, order)
        # A loader may ask beyond the epoch's end where a run goes on inside it; nobody uses those.
        shard, place = divmod(int(self._order[1][(self.start + index) % self.count]), SHARD)
        with safe_open(str(shard_file(self.folder, shard)), "pt") as file:
            sample = {name: file.get_slice(name)[place : place + 1][0] for name in file.keys()}
        return {**{n: t.float() if t.is_floating_point() else t for n, t in sample.items()}, "bad": []}


def shard_file(folder: Path, number: int) -> Path:
    """Name the file of pairs number * 32 and following."""
    return folder / f"{number:06d}.safetensors"


def fill_cache(
    module: PairTraining,
    recipe: Recipe,
    sources: Sequence[Named],
    device: torch.device,
    tell: Callable[[str], None],
) -> CachedPairs:
    """Compute what is not in the cache yet, and give its pairs.

    Args:
        tell: is given a line now and then.

    Raises:
        RecipeError: for a training without frozen parts.
    """
    if not module.frozen:
        raise RecipeError(
            f"recipe {recipe.name}: 'cache' is for trainings with frozen parts; this one has none"
        )
    folder = cache_folder().parent / "features" / cache_key(module, recipe, sources)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = PairDataset([(n.source, n.weight) for n in sources], recipe.pairs_per_epoch, recipe.seed)
    shards = range(-(-recipe.pairs_per_epoch // SHARD))
    missing = [number for number in shards if not shard_file(folder, number).is_file()]
    tell(f"features: {len(shards) - len(missing)} of {len(shards)} files are in {folder}")
    was = module.training
    module.to(device).eval()
    for done, number in enumerate(missing, start=1):
        if not shard_file(folder, number).is_file():  # another run may have filled it meanwhile
            _write(shard_file(folder, number), _shard(module, recipe, pairs, number, device))
        if done % 10 == 0 or done == len(missing):
            tell(f"features: {done} of {len(missing)} files computed")
    module.train(was)
    return CachedPairs(folder, recipe.pairs_per_epoch, recipe.seed)


@torch.no_grad()
def _shard(
    module: PairTraining, recipe: Recipe, pairs: PairDataset, number: int, device: torch.device
) -> dict[str, Tensor]:
    """Draw, augment and pass on the pairs of one file; which ones depends on its number alone."""
    parts: list[dict[str, Tensor]] = []
    first, end = number * SHARD, (number + 1) * SHARD
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed * 1_000_003 + number)
        for start in range(first, end, BATCH):
            batch = collate([pairs[i] for i in range(start, start + BATCH)])
            crops = {n: t.to(device) for n, t in batch.items() if isinstance(t, Tensor)}
            for name in ("exemplar", "search"):
                crops[name] = crops[name].float()
            crops = recipe.augment(crops)
            features = module.features(crops)
            kept = {n: t for n, t in crops.items() if n not in ("exemplar", "search")}
            halves = {n: t.clamp(-_LARGEST, _LARGEST).half() for n, t in features.items()}
            parts.append({n: t.cpu() for n, t in {**kept, **halves}.items()})
    return {name: torch.cat([part[name] for part in parts]).contiguous() for name in parts[0]}


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    # safetensors' own errors about files do not tell what was wrong.
    write_whole(path, save(tensors))
