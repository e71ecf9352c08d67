# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Engines that run tasks: this process, one process a core, or many machines."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerKilled(RuntimeError):
    """A process that worked on a task is gone. The message is one line for people."""


class Engine(Protocol):
    """Applies a function to tasks. Both are picklable and the function never raises."""

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield each result when it is finished, in any order."""


class SerialEngine:
    """One task after the other in this process: for debugging and undisturbed timing."""

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Run the tasks one after the other in this process."""
        return map(function, tasks)


class ProcessEngine:
    """A pool of fresh processes (spawned: a fork would copy the threads and the GPU state of torch)."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Run the tasks in processes of this machine.

        Raises:
            WorkerKilled: when one of them is killed; the others end with it.
        """
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(self._jobs, mp_context=context) as pool:
            try:
                futures = [pool.submit(function, task) for task in tasks]
                for future in concurrent.futures.as_completed(futures):
                    yield future.result()
            except BrokenProcessPool as error:
                raise WorkerKilled(
                    f"one of {self._jobs} processes was killed, probably because memory ran out: use fewer"
                    " --jobs. What is finished is kept: the same command goes on from there"
                ) from error
            finally:
                # An interrupted evaluation is resumed later; what has not begun must not begin now.
                pool.shutdown(wait=False, cancel_futures=True)


class DaskEngine:
    """A Dask cluster: the one of the active client, else one of `jobs` local processes.

    Its workers need this package, the data set and the results folder under the same paths.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Run the tasks on the workers of a Dask cluster."""
        from dask.distributed import Client, as_completed, get_client

        try:
            client, own = get_client(), False
        except ValueError:
            # Without a dashboard, which would listen on all addresses of this machine.
            local = {"host": "127.0.0.1", "dashboard_address": None}
            client, own = Client(n_workers=self._jobs, threads_per_worker=1, **local), True
        try:
            # pure=False: a task writes files, so one that looks like an earlier one is still to be run.
            for future in as_completed(client.map(function, list(tasks), pure=False)):
                yield future.result()
        finally:
            if own:
                client.close()


def make_engine(name: str, jobs: int) -> Engine:
    """Return the engine of this name with `jobs` workers; one job of 'processes' runs in this process."""
    return SerialEngine() if name == "processes" and jobs <= 1 else ENGINES[name](jobs)


ENGINES: dict[str, Callable[[int], Engine]] = {"processes": ProcessEngine, "dask": DaskEngine}
