# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Archives that evaluation servers take."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from tracker_ros.data.sequence import DataError, Sequence
from tracker_ros.evaluation.protocols import EvaluationProtocol, OnePass, Repeated
from tracker_ros.files import write_whole

# Entries carry this date, so that the same results make the same archive.
_DATE = (2000, 1, 1, 0, 0, 0)


def require_server(protocol: EvaluationProtocol) -> None:
    """Make sure that a server takes results of this protocol.

    Raises:
        DataError: when none does.
    """
    if not isinstance(protocol, (Repeated, OnePass)):
        raise DataError(f"no server takes results of {protocol.name}; got10k and ope have one")


def write_submission(
    path: Path, folder: Path, sequences: list[Sequence], protocol: EvaluationProtocol
) -> None:
    """Pack one tracker's results as GOT-10k's server (`Repeated`) or TrackingNet's (`OnePass`) takes them.

    GOT-10k: ``NAME/NAME_001.txt`` to ``_003.txt`` and ``NAME/NAME_time.txt``. TrackingNet: ``NAME.txt``.

    Raises:
        DataError: when a sequence has not been finished, or for another protocol.
    """
    require_server(protocol)
    files: list[Path] = []
    for sequence in sequences:
        plans = [folder / f"{plan.name}.txt" for plan in protocol.plans(sequence)]
        if not plans[0].is_file():
            raise DataError(f"{plans[0]} is missing: a submission needs every sequence")
        files += [plan for plan in plans if plan.is_file()]
        if isinstance(protocol, Repeated):
            files.append(folder / sequence.name / f"{sequence.name}_time.txt")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    write_whole(path, packed.getvalue())
