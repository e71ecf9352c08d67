# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Drawing pairs: which clip, which frames, how far the target is moved and scaled in the search crop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tracker_ros.training.clips import BadImage, Boxes, Clip, Image
from tracker_ros.training.contract import PairSpec
from tracker_ros.training.cropping import Array, cut
from tracker_ros.training.synthesis import SyntheticPairs

#: Draws in a row that may hit broken images before the data set counts as unusable.
MOST_FAILURES = 50


class Source(Protocol):
    """Something that pairs are drawn from. `draw` raises `BadImage` for a file that is broken."""

    @property
    def domains(self) -> int:
        """The number of domains; `Pair.domain` is below it."""
        ...

    def draw(self, rng: np.random.Generator) -> Pair:
        """Draw one pair at random."""


@dataclass(frozen=True)
class Pair:
    """T exemplar and T search crops [T, S, S, 3] uint8, their boxes [T, 4] in crop pixels.

    `domain` tells videos apart (for methods that learn a branch a video).
    """

    exemplar: npt.NDArray[np.uint8]
    exemplar_box: Array
    search: npt.NDArray[np.uint8]
    search_box: Array
    positive: bool
    domain: int


class ClipPairs:
    """Pairs from annotated clips.

    Args:
        clips: at least one.
        spec: sizes and jitter of the crops.
        gap: most frames between exemplar and search frame.
        negative: chance that the search crop shows the target of another clip.
        cap: greatest share of the draws of one group of clips.

    Raises:
        ValueError: without clips, or for a gap, chance or share out of range.
    """

    def __init__(
        self, clips: Sequence[Clip], spec: PairSpec, gap: int = 100, negative: float = 0.0, cap: float = 1.0
    ) -> None:
        if not clips or gap < 0 or not 0 <= negative < 1 or not 0 < cap <= 1:
            raise ValueError(
                "pairs need clips, a gap >= 0, a chance of negative pairs below 1 and a cap above 0;"
                f" got {len(clips)} clips, gap {gap}, negative {negative}, cap {cap}"
            )
        self.clips, self.spec, self.gap, self.negative, self.cap = clips, spec, gap, negative, cap
        self.shares = capped([clip.group for clip in clips], cap) if cap < 1 else None

    @property
    def domains(self) -> int:
        """One a clip: a target of a video."""
        return len(self.clips)

    def of(self, clips: Sequence[Clip]) -> ClipPairs:
        """Make a source of other clips that draws as this one does."""
        return ClipPairs(clips, self.spec, self.gap, self.negative, self.cap)

    def draw(self, rng: np.random.Generator) -> Pair:
        """Draw one pair of a clip drawn at random."""
        spec = self.spec
        index = self._clip(rng)
        clip = self.clips[index]
        positive = rng.random() >= self.negative
        anchor = int(rng.choice(clip.usable))
        near = clip.usable[np.abs(clip.usable - anchor) <= self.gap]
        later = clip if positive else self.clips[self._clip(rng)]
        choice = near if positive else later.usable
        firsts = [anchor, *(int(rng.choice(near)) for _ in range(spec.frames - 1))]
        exemplars = [self._exemplar(rng, clip.frames.read(i), clip.boxes[i]) for i in firsts]
        searches = []
        for _ in range(spec.frames):
            i = int(rng.choice(choice))
            searches.append(self._search(rng, later.frames.read(i), later.boxes[i]))
        return _pair(exemplars, searches, positive, index)

    def _clip(self, rng: np.random.Generator) -> int:
        if self.shares is None:
            return int(rng.integers(len(self.clips)))
        return int(rng.choice(len(self.clips), p=self.shares))

    def _exemplar(self, rng: np.random.Generator, image: Image, box: Boxes) -> tuple[Image, Array]:
        spec, reach = self.spec, self.spec.exemplar_shift
        return cut(image, box, spec, spec.exemplar, rng.uniform(-reach, reach, 2) if reach else None)

    def _search(self, rng: np.random.Generator, image: Image, box: Boxes) -> tuple[Image, Array]:
        spec = self.spec
        shift = rng.uniform(-spec.max_shift, spec.max_shift, 2)
        scale = math.exp(rng.uniform(-1, 1) * math.log(spec.max_scale))
        return cut(image, box, spec, spec.search, shift, scale)


def capped(groups: Sequence[str], cap: float) -> Array:
    """Give every clip a share of the draws such that no group has more than `cap` of them.

    What a group has too much goes to the others, in proportion to their clips. With so few groups
    that they cannot share everything, each gets the same.
    """
    names, of, counts = np.unique(np.array(groups), return_inverse=True, return_counts=True)
    limit = max(cap, 1 / len(names))
    share = counts / counts.sum()
    over = np.zeros(len(names), bool)
    while (share[~over] > limit + 1e-12).any():
        over |= share > limit + 1e-12
        rest = counts[~over].sum()
        share = np.where(over, limit, counts / max(rest, 1) * (1 - limit * over.sum()))
    return np.asarray(share / counts)[of]


class RenderedPairs:
    """Pairs rendered by `synthesis.SyntheticPairs`, as a source; the cut-out's index is the domain."""

    def __init__(self, scenes: SyntheticPairs, negative: float = 0.0) -> None:
        self.scenes, self.negative = scenes, negative

    @property
    def domains(self) -> int:
        """One a cut-out."""
        return len(self.scenes.cutouts)

    def draw(self, rng: np.random.Generator) -> Pair:
        """Render one pair; a negative one shows another scene in its search crop."""
        frames = self.scenes.spec.frames
        target = int(rng.integers(len(self.scenes.cutouts)))
        rendered = [self.scenes.render(rng, target) for _ in range(frames)]
        exemplars, searches = [r[:2] for r in rendered], [r[2:] for r in rendered]
        positive = rng.random() >= self.negative
        if not positive:
            searches = [self.scenes.render(rng)[2:] for _ in range(frames)]
        return _pair(exemplars, searches, positive, target)


def _pair(
    exemplars: list[tuple[Image, Array]], searches: list[tuple[Image, Array]], positive: bool, domain: int
) -> Pair:
    return Pair(
        np.stack([e[0] for e in exemplars]),
        np.stack([e[1] for e in exemplars]),
        np.stack([s[0] for s in searches]),
        np.stack([s[1] for s in searches]),
        positive,
        domain,
    )


class PairDataset(Dataset[dict[str, Any]]):
    """`count` pairs an epoch from weighted sources; item i of epoch e is the same in every run.

    A broken image costs one draw, not a worker: another pair is drawn, and the item names the file
    under 'bad'. Domains of the sources follow each other: no two sources share one.

    Args:
        sources: with their weights, which need not sum to 1.
        count: pairs an epoch.
        seed: of all draws.
    """

    def __init__(self, sources: Sequence[tuple[Source, float]], count: int, seed: int = 0) -> None:
        weights = np.array([weight for _, weight in sources], dtype=np.float64)
        if not len(weights) or (weights < 0).any() or weights.sum() <= 0:
            raise ValueError(f"sources need weights of a positive sum, got {weights.tolist()}")
        self.sources = [source for source, _ in sources]
        self.shares = weights / weights.sum()
        counts = [source.domains for source in self.sources]
        self.first_domains = np.cumsum([0, *counts[:-1]]).tolist()
        self.count, self.seed, self.epoch = count, seed, 0
        #: Items of this epoch that were drawn before the run was interrupted.
        self.start = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng((self.seed, self.epoch, self.start + index))
        bad: list[str] = []
        while len(bad) < MOST_FAILURES:
            chosen = int(rng.choice(len(self.sources), p=self.shares))
            try:
                item = to_tensors(self.sources[chosen].draw(rng))
                return {**item, "domain": item["domain"] + self.first_domains[chosen], "bad": bad}
            except BadImage as error:
                bad.append(str(error))
        raise BadImage(f"{MOST_FAILURES} draws in a row met broken images, the last: {bad[-1]}")


def to_tensors(pair: Pair) -> dict[str, Any]:
    """Convert one sample to tensors as `contract.PairTraining` describes them, crops still uint8."""
    single = len(pair.exemplar) == 1

    def crops(images: npt.NDArray[np.uint8]) -> Tensor:
        stacked = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        return stacked[0] if single else stacked

    def boxes(values: Array) -> Tensor:
        tensor = torch.from_numpy(values).float()
        return tensor[0] if single else tensor

    return {
        "exemplar": crops(pair.exemplar),
        "exemplar_box": boxes(pair.exemplar_box),
        "search": crops(pair.search),
        "search_box": boxes(pair.search_box),
        "positive": torch.tensor(float(pair.positive)),
        "domain": torch.tensor(pair.domain),
    }


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Collate samples into a batch; 'bad' becomes one list of names."""
    batch: dict[str, Any] = {
        name: torch.stack([sample[name] for sample in samples]) for name in samples[0] if name != "bad"
    }
    batch["bad"] = [name for sample in samples for name in sample["bad"]]
    return batch
