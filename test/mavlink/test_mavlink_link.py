# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""The MAVLink end point: noise, a request over UDP, a serial line that vanishes, and names."""

from __future__ import annotations

import contextlib
import math
import os
import pty
import random
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pymavlink", reason="pymavlink is not installed")

from mavlink_helpers import BOX, ME, NAN, Tracker, command  # noqa: E402
from pymavlink.dialects.v20 import common as mav  # noqa: E402

from tracker_ros.mavlink import udp  # noqa: E402
from tracker_ros.mavlink.camera import Camera, Outcome  # noqa: E402
from tracker_ros.mavlink.link import EndPoint, Server, split_name  # noqa: E402
from tracker_ros.mavlink.udp import UdpPort  # noqa: E402


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


class Peer:
    """A ground station on a UDP socket, and the camera's server that sends to it."""

    def __init__(self, tracker: Tracker):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(10.0)
        name = f"udpout:127.0.0.1:{self.socket.getsockname()[1]}"
        self.log: list[str] = []
        camera = Camera(ME, tracker, 0.2, 0.04, time.monotonic())
        self.server = Server(camera, lambda: EndPoint(name, *ME[:2]), self.log.append)
        _, self.camera = self.socket.recvfrom(1000)

    def receive(self, message_id: int) -> Any:
        """The next message of this kind, among heartbeats that never end."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for message in mav.MAVLink(None).parse_buffer(self.socket.recv(1000)):
                if message.get_msgId() == message_id:
                    return message
        raise AssertionError(f"no message {message_id} came")

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.camera)


@pytest.fixture
def peer(tracker: Tracker) -> Iterator[Peer]:
    peer = Peer(tracker)
    yield peer
    assert peer.server.close(5.0)
    peer.socket.close()


def garbage(seed: int) -> Iterator[bytes]:
    """Noise, cut and glued messages, and sound ones whose content is noise."""
    rng = random.Random(seed)
    sound = command(2005, *BOX).get_msgbuf()
    yield b""
    for _ in range(60):
        yield rng.randbytes(rng.randrange(1, 400))
        yield bytes([rng.choice((0xFD, 0xFE)), rng.randrange(256)]) + rng.randbytes(rng.randrange(300))
        yield bytes(sound[: rng.randrange(1, len(sound))]) + rng.randbytes(rng.randrange(20))
        message = rng.choice([m for m in mav.mavlink_map.values() if m.id not in (76,)])
        codec = mav.MAVLink(None, rng.randrange(256), rng.randrange(256))
        codec.seq = rng.randrange(256)
        noise = rng.randbytes(rng.randrange(1, message.unpacker.size + 1))
        yield bytes(mav.MAVLink_message(message.id, message.msgname)._pack(codec, message.crc_extra, noise))
        noisy = [rng.choice((NAN, math.inf, -1.0, 1e30, 0.5)) for _ in range(7)]
        yield bytes(command(rng.choice((2004, 2005, 2010, 511, 512, 521, 522)), *noisy).get_msgbuf())


def test_garbage_leaves_the_camera_alive(peer: Peer, tracker: Tracker) -> None:
    # What noise began is not waited for: the very next datagram is understood. More than a few at a time
    # would not fit into the socket, which drops what comes then.
    for data in garbage(0):
        peer.send(data)
        peer.send(b"\xfd\xff\x00")
        peer.send(command(512, 260).get_msgbuf())
        assert peer.receive(260).mode_id == 1
    assert peer.log == []


def test_an_order_over_udp_is_answered(peer: Peer, tracker: Tracker) -> None:
    peer.send(command(2005, *BOX).get_msgbuf())
    end = time.monotonic() + 10
    while not tracker.requests and time.monotonic() < end:
        time.sleep(0.005)
    tracker.requests[0][1].set_result(Outcome(0, "a"))
    assert peer.receive(77).result == 0


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def heard(port: UdpPort, seconds: float = 5.0) -> bytes:
    """The next datagram of a port; b'' when none comes."""
    return port.recv() if select.select([port.fd], [], [], seconds)[0] else b""


def test_a_socket_hears_and_reaches_only_who_it_is_for() -> None:
    """Another address of this machine stands for another host: 127.0.0.2 is not 127.0.0.1."""
    station, stranger = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with station, stranger:
        station.bind(("127.0.0.1", 0))
        stranger.bind(("127.0.0.2", 0))
        with contextlib.closing(UdpPort("127.0.0.1", station.getsockname()[1], listens=False)) as port:
            assert port.address[0] == "127.0.0.1", "a socket of all addresses"
            stranger.sendto(b"STOP", port.address)
            station.sendto(b"yes", port.address)
            assert heard(port) == b"yes" and heard(port, 0.0) == b""
            # Nobody takes this one, which is no failure of the link.
            station.close()
            for _ in range(3):
                port.write(b"beat")
                assert heard(port, 0.1) == b""
        with contextlib.closing(UdpPort("127.0.0.1", 0, listens=True)) as port:
            assert port.address[0] == "127.0.0.1"
            port.write(b"to nobody")
            stranger.settimeout(5.0)
            stranger.sendto(b"hello", port.address)
            assert heard(port) == b"hello"
            port.keep_peer()
            port.write(b"beat")
            assert stranger.recv(100) == b"beat"


def test_a_listening_socket_remembers_few_peers_and_forgets_the_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(udp.time, "monotonic", lambda: now[0])
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(contextlib.closing(UdpPort("127.0.0.1", 0, listens=True)))
        peers = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(20)]
        for peer in peers:
            peer.settimeout(0.5)
            peer.sendto(b"hello", port.address)
            assert heard(port) == b"hello"
            port.keep_peer()
        port.write(b"beat")
        for peer in peers[:4]:
            with pytest.raises(TimeoutError):
                peer.recv(100)
        assert all(peer.recv(100) == b"beat" for peer in peers[4:])
        now[0] = udp.FORGET_SECONDS + 1
        port.write(b"beat")
        assert peers[-1].recv(100) == b"beat", "the only one is kept"
        with pytest.raises(TimeoutError):
            peers[-2].recv(100)


def test_noise_is_nobody_to_send_to() -> None:
    with (
        contextlib.closing(EndPoint(f"udpin:127.0.0.1:{free_port()}", *ME[:2])) as end,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        stranger.settimeout(0.5)
        stranger.sendto(b"\xfd noise", end._port.address)
        assert end.receive(5.0) == []
        end.send([mav.MAVLink_heartbeat_message(30, 8, 0, 0, 4, 3)])
        with pytest.raises(TimeoutError):
            stranger.recv(100)
        stranger.sendto(command(2010).get_msgbuf(), end._port.address)
        assert len(end.receive(5.0)) == 1
        end.send([mav.MAVLink_heartbeat_message(30, 8, 0, 0, 4, 3)])
        assert stranger.recv(100)


def test_a_host_that_is_not_found_is_told(tracker: Tracker) -> None:
    log: list[str] = []
    camera = Camera(ME, tracker, 0.2, 0.04, time.monotonic())
    server = Server(camera, lambda: EndPoint("udpout:no such host:14550", *ME[:2]), log.append)
    assert "trying again every" in awaited(lambda: log and log[0])
    assert server.close(5.0)


def awaited(read: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := read():
            return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


def test_a_serial_port_that_vanishes_is_opened_again(
    tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("serial", reason="pyserial is not installed")
    monkeypatch.setattr("tracker_ros.mavlink.link.RETRY_SECONDS", 0.05)
    device, codec = tmp_path / "ttyS0", mav.MAVLink(None)
    codec.robust_parsing = True
    log: list[str] = []
    name = f"serial:{device}:57600"
    server = Server(
        Camera(ME, tracker, 0.2, 0.04, time.monotonic()), lambda: EndPoint(name, *ME[:2]), log.append
    )
    try:
        awaited(lambda: log)  # the device is not there yet
        for _ in range(2):
            ours, theirs = pty.openpty()
            os.set_blocking(ours, False)
            device.unlink(missing_ok=True)
            device.symlink_to(os.ttyname(theirs))

            def beat(line: int = ours) -> bool:
                with contextlib.suppress(BlockingIOError):
                    found = codec.parse_buffer(os.read(line, 1000)) or []
                    return any(message.get_type() == "HEARTBEAT" for message in found)
                return False

            awaited(beat)
            count = len(log)
            os.close(ours)
            os.close(theirs)
            awaited(lambda count=count: len(log) > count)
    finally:
        assert server.close(5.0)
    assert ["is back" in text for text in log] == [False, True, False, True, False]


@pytest.mark.parametrize("name", ["", "14550", "udp:127.0.0.1:14550", "udpin:14550", "udpin::1",
                                  "udpout:h:0", "udpout:h:65536", "/dev/ttyS0", "serial:/dev/ttyS0",
                                  "serial:/dev/ttyS0:fast"])  # fmt: skip
def test_a_name_that_is_no_end_point_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="UDP port|is no MAVLink end point"):
        split_name(name)
