# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Write the files that ship for a trained module: weights, a model card, a manifest entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save
from torch import Tensor

from tracker_ros.files import write_whole
from tracker_ros.training.checkpoints import read_checkpoint
from tracker_ros.training.contract import PairTraining
from tracker_ros.training.recipes import Recipe, RecipeError, build, described
from tracker_ros.weights.loader import require_finite
from tracker_ros.weights.manifest import sha256


def load_checkpoint(path: Path, recipe: Recipe) -> tuple[PairTraining, dict[str, Any]]:
    """Load the recipe's module from a checkpoint of `trainer.train`, and the checkpoint's other contents.

    Raises:
        CheckpointError: when it cannot be read.
        RecipeError: when the checkpoint was made with other arguments or another module.
    """
    checkpoint = read_checkpoint(path)
    made = checkpoint.get("recipe", {})
    if (made.get("module"), made.get("arguments")) != (recipe.module, recipe.arguments):
        raise RecipeError(
            f"{path} was trained with {made.get('module')} {made.get('arguments')}, the recipe {recipe.name}"
            f" says {recipe.module} {recipe.arguments}"
        )
    module = build(recipe, with_initial=False)
    module.prepare(checkpoint.get("domains", 0))
    states = {n.removeprefix("module."): t for n, t in checkpoint["state_dict"].items()}
    module.load_state_dict(states)
    return module, checkpoint


def export(state: dict[str, Tensor], path: Path, half: bool = False) -> str:
    """Write the tensors as safetensors; the SHA-256 of the file.

    Args:
        half: in half precision; loading makes them float32 again.

    Raises:
        WeightsError: for parameters that are not finite.
        tracker_ros.files.WriteError: when the file cannot be written.
    """

    def packed(tensor: Tensor) -> Tensor:
        tensor = tensor.detach().cpu().contiguous()
        return tensor.half() if half and tensor.is_floating_point() else tensor

    require_finite(state, "the training")
    content = {name: packed(tensor) for name, tensor in state.items()}
    require_finite(content, "half precision")
    # safetensors' own errors about files do not tell what was wrong.
    write_whole(path, save(content))
    return sha256(path)


def model_card(
    name: str,
    recipe: Recipe,
    command: str,
    digest: str,
    steps: int,
    fingerprints: dict[str, str],
    notes: str = "",
) -> str:
    """Write a model card in Markdown: what was trained how, on what, with which command."""
    data = "\n".join(f"- {kind}: SHA-256 {value[:16]}" for kind, value in fingerprints.items()) or "- none"
    # Without its name, which is its file's: the block can be saved as a recipe.
    content = {key: value for key, value in described(recipe).items() if key != "name"}
    recipe_text = yaml.safe_dump(content, sort_keys=False).strip()
    return (
        f"# {name}\n\n"
        + (f"{notes}\n\n" if notes else "")
        + f"- file: SHA-256 {digest}\n- steps: {steps}\n- seed: {recipe.seed}\n- command: `{command}`\n\n"
        f"## Data\n\n{data}\n\n## Recipe\n\n```yaml\n{recipe_text}\n```\n"
    )
