# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Loading parameters into a tracker, never by executing what a file contains."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from tracker_ros.files import name_for_libraries
from tracker_ros.weights.manifest import Entry, WeightsError, entries, locate, missing, unknown, verify

RANDOM = "random:"
SUFFIX = ".safetensors"
"""End of the names of files that are written here; read in any case, as .SafeTensors."""
UNREADABLE = "it is damaged, of another format, or holds more than tensors"
"""In place of torch's words, which advise to run the code that is in a file."""
_NETWORK = "net."
"""Prefix of a tracker's network in its file."""


def read_state_dict(path: Path, part: str = "state_dict") -> dict[str, Tensor]:
    """Read tensors by name from a .safetensors file or a PyTorch file of plain tensors.

    Args:
        part: entry of a checkpoint that holds them, where they are not all that the file holds.

    Raises:
        WeightsError: when the file is missing, damaged, or a pickle that would run code.
        ValueError: for a name that is not UTF-8.
    """
    if not path.is_file():
        raise WeightsError(f"weights file {path} does not exist")
    if path.suffix == ".ts":
        raise WeightsError(
            f"{path} is an archive, a whole tracker: the tracker node takes it as its parameter model"
        )
    name = name_for_libraries(path) if _is_safetensors(path) else ""
    try:
        if name:
            from safetensors.torch import load_file

            return load_file(name)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zip and pickle each raise their own
        why = (error.strerror if isinstance(error, OSError) else "") or UNREADABLE
        raise WeightsError(f"{path} cannot be read as plain tensors: {why}") from error
    while isinstance(content, dict) and isinstance(content.get(part), dict):
        content = content[part]
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsError(f"{path} holds a {type(content).__name__}, not a dict of tensors")
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


def require_safetensors(path: Path) -> None:
    """Make sure that a file of weights gets a name by which it can be read again.

    Raises:
        WeightsError: naming it.
    """
    if not _is_safetensors(path):
        raise WeightsError(f"{path}: the name of a file of weights ends in {SUFFIX}; give it that ending")


def _is_safetensors(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def load_weights(module: nn.Module, weights: str, preset: str = "") -> None:
    """Fill `module` in place from a manifest name, a file, or 'random:SEED'; '' leaves it as it is.

    Args:
        module: a network or a tracker.
        weights: as above.
        preset: of the tracker, for the message; '' for none.

    Raises:
        WeightsError: for a module that has parameters but was given none, for a file that is
            missing, and for names or shapes that differ (each is listed).
    """
    if weights.startswith(RANDOM):
        seed = weights.removeprefix(RANDOM)
        if not seed.isdecimal() or len(seed) > 18:  # torch takes 64 bits
            raise WeightsError(
                f"'{weights}' needs a whole number of at most 18 digits for its seed, such as {RANDOM}0"
            )
        randomize(module, int(seed))
        return
    if not weights:
        if any(True for _ in module.parameters()):
            who = f"preset '{preset}'" if preset else type(module).__name__
            raise WeightsError(
                f"{who} needs weights: give a file, a name of `tracker_ros weights"
                f" list`, or '{RANDOM}0' for untrained ones"
            )
        return
    path = Path(weights)
    if path.suffix or ("/" in weights and path.is_file()):
        fill(module, read_state_dict(path), weights)
        return
    known = entries()
    if weights not in known:
        advice = "`tracker_ros train --recipe NAME ... --export FILE` makes one (docs/training.md)"
        raise unknown(weights, f", or give a file: {advice}")
    _load_entry(module, known[weights])


def _load_entry(module: nn.Module, entry: Entry) -> None:
    path = locate(entry)
    if path is None:
        raise missing(entry)
    verify(entry, path)
    fill(module, read_state_dict(path), entry.name)
    if not entry.input:
        return
    for layer in module.modules():
        use_input = getattr(layer, "use_input", None)
        if callable(use_input):
            use_input(entry.input)


def fill(module: nn.Module, tensors: dict[str, Tensor], origin: str) -> None:
    """Copy `tensors` into `module`; every parameter and buffer must be there with its shape, and finite.

    Where the module is a backbone (it has `published`), or all that it holds is one sub-module `backbone`,
    the file of a published network is taken for it, and the layers that are not built (deeper ones, the
    classifier) are passed over. Both may also come out of a tracker's file, which has its backbone under
    `backbone`. A tracker's network has its parameters under `net`: either takes the other's file.
    """
    expected = module.state_dict()
    part = "".join(next(iter(expected), "").partition("backbone.")[:2])
    alone = part.endswith("backbone.") and all(n.startswith(part) for n in expected)
    if hasattr(module, "published"):
        known = _published(module, inside_backbone(tensors))
        tensors = {n: t for n, t in known.items() if n in expected}
    elif alone and not any(n.startswith(part) for n in tensors):
        renamed = _published(module.get_submodule(part.removesuffix(".")), inside_backbone(tensors))
        tensors = {part + n: t for n, t in renamed.items() if part + n in expected}
    elif tensors and all(n.startswith(_NETWORK) for n in tensors) and not any(n in tensors for n in expected):
        tensors = {n.removeprefix(_NETWORK): t for n, t in tensors.items()}
    elif (
        expected and all(n.startswith(_NETWORK) for n in expected) and not any(n in expected for n in tensors)
    ):
        tensors = {_NETWORK + n: t for n, t in tensors.items()}
    # How many batches were averaged does not enter a result, and files of early PyTorch lack it.
    counters = {n: e for n, e in expected.items() if n.endswith(".num_batches_tracked") and n not in tensors}
    tensors = {**tensors, **counters}
    wrong = [f"missing {n}" for n in expected if n not in tensors]
    wrong += [f"unexpected {n}" for n in tensors if n not in expected]
    wrong += [
        f"{n} is {tuple(tensors[n].shape)}, expected {tuple(e.shape)}"
        for n, e in expected.items()
        if n in tensors and tensors[n].shape != e.shape
    ]
    if wrong:
        listed = "; ".join(wrong[:6]) + (f"; and {len(wrong) - 6} more" if len(wrong) > 6 else "")
        raise WeightsError(f"{origin} does not fit {type(module).__name__}: {listed}")
    require_finite(tensors, origin)
    module.load_state_dict(tensors)


def require_finite(tensors: Mapping[str, Tensor], origin: str) -> None:
    """Make sure that all numbers are finite: a training that diverged leaves others.

    Raises:
        WeightsError: naming `origin` and the first tensors that hold NaN or infinity.
    """
    bad = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if bad:
        listed = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        raise WeightsError(f"{origin} holds NaN or infinity in {listed}: did its training diverge?")


def _published(backbone: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name the tensors as the backbone does, where it knows the file's names."""
    rename = getattr(backbone, "published", None)
    return rename(tensors) if callable(rename) else tensors


def inside_backbone(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a tracker's `backbone` tensors by the backbone's own names; other files as they are."""
    inner = {n.partition("backbone.")[2]: t for n, t in tensors.items() if "backbone." in n}
    return inner or tensors


def randomize(module: nn.Module, seed: int) -> None:
    """Re-draw every layer's parameters from their own initialisers, reproducibly."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in module.modules():
            reset = getattr(layer, "reset_parameters", None)
            if callable(reset):
                reset()


def parameters_sha256(module: nn.Module) -> str:
    """Hash (SHA-256) names and values of everything that `module` would save."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
