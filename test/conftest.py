# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several layers share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

pytest_plugins = ["skips"]
REPOSITORY = Path(__file__).resolve().parents[1]

# A shell that starts pytest in the background lets it ignore Ctrl-C, and so would the programs under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# An example may take long to make or to run on a busy machine; pytest's own limit catches what hangs.
settings.register_profile("no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with annotated sequences and weights; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("TRACKER_ROS_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "sequences").is_dir():
        pytest.skip(f"no test data under {folder} (set TRACKER_ROS_DATA)")
    return folder


@pytest.fixture
def domain() -> Iterator[Any]:
    """A `node_helpers.Domain` for the nodes of one test."""
    from node_helpers import Domain  # needs rclpy, which not every test does

    domain = Domain()
    yield domain
    domain.close()


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small tensors are faster on one thread, and parallel tests do not fight for the cores."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def images_of_any_size() -> None:
    """Fast DDS reads its profile at the first context of the process, whichever test makes it."""
    with suppress(ImportError):  # without ROS, or with one that is broken, the tests of nodes say so
        from tracker_ros.ros.compat import use_image_transport

        use_image_transport()
