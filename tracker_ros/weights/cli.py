# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""`tracker_ros weights`: what is there, what is missing, whether it is genuine, and bringing it in."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from tracker_ros.files import require_separate, write_whole
from tracker_ros.terminal import make_console, print_error
from tracker_ros.weights.download import VARIABLE, download
from tracker_ros.weights.loader import SUFFIX, WeightsError, require_finite, require_safetensors
from tracker_ros.weights.manifest import Entry, cache, entries, locate, missing, search_path, unknown, verify

ABOUT = """Each file is taken only if its SHA-256 is that of the manifest. A download that broke off goes
on where it was. HTTPS_PROXY and NO_PROXY are respected."""
#: Published formats and what reads them, as module and function of `weights.importers`.
IMPORTERS = {
    "dcfnet": ("dcfnet", "import_dcfnet"),
    "siamfc": ("siamese", "import_siamfc"),
    "cfnet": ("siamese", "import_cfnet"),
    "pysot": ("pysot", "import_pysot"),
    "pysot_backbone": ("pysot", "import_pysot_backbone"),
    "vggm": ("rtmdnet", "import_vggm"),
    "rtmdnet": ("rtmdnet", "import_rtmdnet"),
    "nanotrack": ("nanotrack", "import_nanotrack"),
}
BACKBONES = frozenset(("pysot_backbone", "vggm"))
"""Formats of files that hold no whole tracker."""


def add_parsers(sub: argparse._SubParsersAction) -> None:
    """Add ``weights list | download | verify | import``."""
    parser = sub.add_parser("weights", help="list, download, verify and import network weights")
    inner = parser.add_subparsers(dest="action", required=True)
    listing = inner.add_parser("list", help="every named set of weights, and which of them are here")
    listing.set_defaults(run=_guarded(_list))
    load = inner.add_parser("download", help="download sets of weights and verify them", description=ABOUT)
    load.add_argument("names", nargs="+", metavar="NAME", help="as `weights list` shows it")
    load.add_argument("--mirror", default="", metavar="FOLDER|URL", help=f"default: {VARIABLE}, if it is set")
    load.set_defaults(run=_guarded(_download))
    check = inner.add_parser("verify", help="compare files with the checksums of the manifest")
    check.add_argument("names", nargs="*", help="default: all that are here")
    check.set_defaults(run=_guarded(_verify))
    convert = inner.add_parser("import", help="convert a published file to safetensors")
    convert.add_argument("--from", dest="form", required=True, choices=sorted(IMPORTERS), help="its format")
    convert.add_argument("file", type=Path, help="as its authors publish it")
    convert.add_argument("--out", type=Path, help="default: NAME.safetensors in the weights folder")
    convert.set_defaults(run=_guarded(_import))


def _guarded(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return the command, with what a user can mend told in one line instead of a traceback."""

    def run(args: argparse.Namespace) -> int:
        try:
            return command(args)
        except BrokenPipeError:  # no fault: whoever reads the output has enough
            raise
        except (WeightsError, OSError) as error:
            print_error("weights", error)
            return 2

    return run


def _entry(name: str) -> Entry:
    known = entries()
    if name not in known:
        raise unknown(name)
    return known[name]


def _list(args: argparse.Namespace) -> int:
    table = Table()
    table.add_column("name", no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("source", overflow="fold")
    table.add_column("licence", overflow="fold")
    for name, entry in sorted(entries().items()):
        table.add_row(name, "yes" if locate(entry) else "no", entry.source, entry.licence)
    console = make_console()
    console.print(table)
    console.print("looked for in: " + ", ".join(str(folder) for folder in search_path()), soft_wrap=True)
    return 0


def _download(args: argparse.Namespace) -> int:
    for entry in [_entry(name) for name in args.names]:
        here = locate(entry)
        if here:
            verify(entry, here)
            print(f"{entry.name} is here already: {here}")
            continue
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        with Progress(*columns, console=make_console(stderr=True)) as bar:
            path = download(entry, args.mirror, partial(_show, bar, bar.add_task(entry.name, total=None)))
        print(path)
    return 0


def _show(bar: Progress, task: TaskID, done: int, whole: int) -> None:
    bar.update(task, completed=done, total=whole or None)


def _verify(args: argparse.Namespace) -> int:
    chosen = [_entry(name) for name in args.names] or [e for e in entries().values() if locate(e)]
    for entry in chosen:
        path = locate(entry)
        if path is None:
            raise missing(entry)
        verify(entry, path)
        said = "is genuine" if entry.sha256 else "was made here by an import: nothing to compare it with"
        print(f"{entry.name}: {path} {said}")
    return 0


def _import(args: argparse.Namespace) -> int:
    target = args.out or cache() / f"{args.file.stem}{SUFFIX}"
    require_safetensors(target)
    require_separate([target], [args.file])
    module, function = IMPORTERS[args.form]
    tensors = getattr(import_module(f"tracker_ros.weights.importers.{module}"), function)(args.file)
    require_finite(tensors, str(args.file))
    from safetensors.torch import save

    write_whole(target, save({name: tensor.contiguous() for name, tensor in tensors.items()}))
    use = "as `initial` of a recipe" if args.form in BACKBONES else "as a tracker's weights"
    print(f"{target}: {len(tensors)} tensors; give this file {use}")
    return 0
