# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros train`: train a tracker from a recipe, try a recipe out, export what was trained."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tracker_ros.arguments import argument, count, integer
from tracker_ros.data.sequence import DataError
from tracker_ros.files import write_whole
from tracker_ros.terminal import print_error
from tracker_ros.training.lengths import seconds
from tracker_ros.training.recipes import Recipe, RecipeError, build, read_recipe, recipe_files
from tracker_ros.training.requests import check_outputs, devices, refuse_idle_options

#: Stands for every recipe.
ALL = "all"
#: What a process that SIGTERM ended says by custom.
TERMINATED = 143


def add_parsers(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand `train`."""
    parser = sub.add_parser("train", help="train a tracker from a recipe", description=__doc__)
    parser.add_argument("--recipe", help=f"name in config/recipes or a YAML file; '{ALL}' with --smoke")
    parser.add_argument("--list", action="store_true", help="tell a line about each recipe and end")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="tell what the recipe finds, how many steps it takes and how long, from ten of them, and end",
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="KIND=FOLDER",
        help="where data of a kind lies; may be repeated",
    )
    parser.add_argument(
        "--adapt",
        type=Path,
        metavar="FOLDER",
        help="fine-tune the default tracker on unlabelled videos; kept only if it helps on a held-out part",
    )
    parser.add_argument("--out", type=Path, help="folder for checkpoints and logs")
    parser.add_argument("--smoke", action="store_true", help="two small steps on made-up pictures")
    parser.add_argument("--resume", type=Path, metavar="CKPT", help="go on from a checkpoint")
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="write the weights as .safetensors: those of the best checkpoint, if the recipe validates",
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="CKPT",
        help="with --export: do not train, export this checkpoint",
    )
    parser.add_argument("--half", action="store_true", help="export in half precision")
    parser.add_argument(
        "--devices",
        type=argument(devices),
        default="1",
        help="devices a machine: how many, a list such as 0,2 or 'auto'",
    )
    parser.add_argument("--num-nodes", type=count, default=1, help="machines")
    parser.add_argument("--strategy", default="auto", help="Lightning's strategy, such as ddp or fsdp")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu or auto")
    parser.add_argument(
        "--workers", type=integer(0, 1024), default=0, help="processes that draw pairs, a device"
    )
    parser.add_argument("--epochs", type=count, help="in place of the recipe's")
    parser.add_argument(
        "--pairs", dest="pairs_per_epoch", type=count, help="pairs an epoch, in place of the recipe's"
    )
    parser.add_argument("--seed", type=integer(0), help="in place of the recipe's")
    parser.add_argument(
        "--time-limit",
        type=argument(seconds),
        metavar="TIME",
        help="end after so long (90s, 30m, 1.5h), ready to go on; the schedule stays that of all epochs",
    )
    parser.add_argument(
        "--save-every",
        type=argument(seconds),
        default=600.0,
        metavar="TIME",
        help="inside an epoch (default: 10m)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Execute the arguments; 2 for a request that cannot be met, with the reason on stderr."""
    try:
        refuse_idle_options(args)
        check_outputs(args)
        if args.list:
            from tracker_ros.training.listing import print_recipes

            print_recipes()
            return 0
        if args.adapt is not None:
            return _adapt(args)
        if not args.recipe:
            raise RecipeError("say which --recipe; `tracker_ros train --list` names them")
        if args.smoke:
            return smoke(sorted(recipe_files()) if args.recipe == ALL else [args.recipe])
        recipe = read_recipe(args.recipe, _changes(args))
        if args.source is not None:
            return _export_checkpoint(args, recipe)
        if args.dry_run:
            from tracker_ros.training.dry_run import dry_run

            dry_run(recipe, roots(args.data, recipe))
            return 0
        return _train(args, recipe)
    except BrokenPipeError:  # no fault: whoever reads the output has enough
        raise
    except (ValueError, OSError) as error:
        print_error("train", error)
        return 2
    except FloatingPointError as error:
        print_error("train", error)
        return 1


def smoke(names: list[str]) -> int:
    """Train each recipe for two steps on the processor; return the number that failed."""
    from tracker_ros.training.smoke import STEPS, smoke_recipe, smoke_sources
    from tracker_ros.training.trainer import train

    _quiet()
    failed = 0
    for name in names:
        start = time.perf_counter()
        recipe = smoke_recipe(read_recipe(name))
        module = build(recipe, smoke=True)
        with TemporaryDirectory() as folder:
            sources = smoke_sources(module.spec)
            fit = train(module, recipe, sources, Path(folder), accelerator="cpu", quiet=True)
        done = fit.steps_done == STEPS
        failed += not done
        state = f"{len(module.tracker_state())} tensors" if done else f"FAILED after {fit.steps_done} steps"
        print(f"{name}: loss {fit.last_loss:.4g}, {state}, {time.perf_counter() - start:.1f} s", flush=True)
    return failed


def _train(args: argparse.Namespace, recipe: Recipe) -> int:
    from tracker_ros.training.exporting import load_checkpoint
    from tracker_ros.training.keeping import BEST, require_own
    from tracker_ros.training.sources import open_sources
    from tracker_ros.training.stopping import SIGNAL
    from tracker_ros.training.trainer import train

    if args.out is None:
        raise RecipeError("say where checkpoints go: --out FOLDER")
    require_own(args.out, args.resume)  # before data is read, which takes minutes
    folders = roots(args.data, recipe)
    module = build(recipe)
    sources = open_sources(recipe.data, folders, module.spec, told)
    fit = train(module, recipe, sources, args.out, **_options(args))
    if fit.stopped == SIGNAL:
        return TERMINATED
    if args.export and fit.global_rank == 0:
        steps = fit.steps_done
        if (args.out / BEST).is_file():
            module, checkpoint = load_checkpoint(args.out / BEST, recipe)
            steps = checkpoint["global_step"]
        else:
            told("nothing was held out to validate by: the last step's weights are exported")
        _write(args, recipe, module.tracker_state(), steps, fit.fingerprints())
    return 0


def _adapt(args: argparse.Namespace) -> int:
    from tracker_ros.training.adapting import NAME, RECIPE, adapt
    from tracker_ros.training.keeping import require_own

    if args.out is None:
        raise RecipeError("say where the adapted weights go: --out FOLDER")
    if not args.adapt.is_dir():
        raise DataError(f"--adapt {args.adapt}: there is no such folder")
    if args.devices != "1" or args.num_nodes != 1:
        raise RecipeError("--adapt takes minutes on one device: leave out --devices and --num-nodes")
    if args.data:
        raise DataError(f"--adapt {args.adapt} says where the videos are: leave out --data")
    require_own(args.out, args.resume)
    recipe = read_recipe(args.recipe or RECIPE, _changes(args))
    outcome = adapt(args.adapt, recipe, args.out, _command(), told, **_options(args))
    if outcome is None:
        return TERMINATED
    print(outcome)
    if outcome.helped:
        print(f"it helped: use the preset {args.out / NAME}.yaml in place of the default's name")
    else:
        print("it did not help beyond doubt: the shipped weights are kept, nothing was written for use")
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `trainer.train` that the command line has."""
    return {
        "devices": args.devices,
        "nodes": args.num_nodes,
        "strategy": args.strategy,
        "accelerator": args.accelerator,
        "workers": args.workers,
        "resume": args.resume,
        "limit": args.time_limit,
        "interval": args.save_every,
    }


def _command() -> str:
    return shlex.join(["tracker_ros", *sys.argv[1:]])


def _changes(args: argparse.Namespace) -> dict[str, int]:
    fields = ("epochs", "pairs_per_epoch", "seed")
    return {name: getattr(args, name) for name in fields if getattr(args, name) is not None}


def told(text: str) -> None:
    """Print progress of reading the data on stderr."""
    print(text, file=sys.stderr, flush=True)


def _export_checkpoint(args: argparse.Namespace, recipe: Recipe) -> int:
    from tracker_ros.training.exporting import load_checkpoint

    if args.export is None:
        raise RecipeError("--from needs --export FILE")
    module, checkpoint = load_checkpoint(args.source, recipe)
    _write(args, recipe, module.tracker_state(), checkpoint["global_step"], checkpoint["data"])
    return 0


def _write(args: argparse.Namespace, recipe: Recipe, state: dict, steps: int, data: dict[str, str]) -> None:
    from tracker_ros.training.exporting import export, model_card

    digest = export(state, args.export, args.half)
    card = args.export.with_suffix(".md")
    write_whole(card, model_card(args.export.stem, recipe, _command(), digest, steps, data))
    print(f"{args.export}: {args.export.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}\n{card}: model card")


def roots(arguments: list[str], recipe: Recipe | None = None) -> dict[str, list[Path]]:
    """Parse KIND=FOLDER arguments into folders by kind.

    Args:
        arguments: as on the command line.
        recipe: which the folders are for; None where it takes what is given.

    Raises:
        DataError: for an argument without '=', a folder that does not exist or a kind that the recipe
            does not name: nobody would read it.
    """
    from tracker_ros.training.sources import folder_kinds

    known = folder_kinds(recipe.data) if recipe else []
    found: dict[str, list[Path]] = {}
    for word in arguments:
        kind, equals, folder = word.partition("=")
        if not equals or not Path(folder).is_dir():
            raise DataError(f"--data {word}: expected KIND=FOLDER with an existing folder")
        if recipe and kind not in known:
            raise DataError(f"--data {word}: recipe {recipe.name} takes {', '.join(known)}")
        found.setdefault(kind, []).append(Path(folder))
    return found


def _quiet() -> None:
    """Silence Lightning's remarks about small runs, which are of no use in a smoke test."""
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
