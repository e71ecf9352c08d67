# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""A UDP socket that hears only who it is meant for."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

FORGET_SECONDS = 10.0
"""A listening socket does not send any more to a peer that was silent for so long, unless it is the last."""
MOST_PEERS = 16
"""A listening socket answers to so many: who sends from ever new ports must not fill the memory."""
_LARGEST = 65535

Address = tuple[str, int]


class UdpPort:
    """One socket, with the methods that pymavlink asks of a port.

    To send to one host it is connected: it then has the local address of the route there, which for a
    loopback address is loopback, and the kernel drops what anybody else sends to it.

    Args:
        host: name or IPv4 address.
        port: number.
        listens: wait for peers on this address, and send to those; else send there.

    Raises:
        OSError: when the host is not found, the network is down, or the address cannot be bound.
    """

    def __init__(self, host: str, port: int, listens: bool):
        address = (socket.gethostbyname(host), port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(address) if listens else self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self._listens = listens
        self._peers: dict[Address, float] = {}
        self._sender: Address | None = None

    @property
    def fd(self) -> int:
        """The descriptor to wait for."""
        return self._socket.fileno()

    @property
    def address(self) -> Address:
        """The local address."""
        host, port = self._socket.getsockname()
        return str(host), int(port)

    def recv(self, _: int = 0) -> bytes:
        """Return the next datagram; b'' when there is none."""
        try:
            data, self._sender = self._socket.recvfrom(_LARGEST)
        except (BlockingIOError, ConnectionRefusedError):  # the latter: nobody took the last one sent
            return b""
        return data

    def keep_peer(self) -> None:
        """Send to whoever sent the last datagram from now on."""
        if self._listens and self._sender is not None:
            self._peers.pop(self._sender, None)  # the newest is the last
            self._peers[self._sender] = time.monotonic()
            while len(self._peers) > MOST_PEERS:
                del self._peers[next(iter(self._peers))]

    def write(self, data: bytes) -> None:
        """Send a datagram. Whether somebody takes it is not known.

        Raises:
            OSError: when it cannot even be sent: the network is down, or this machine's address changed.
        """
        if not self._listens:
            with suppress(BlockingIOError, ConnectionRefusedError):
                self._socket.send(data)
            return
        oldest = time.monotonic() - FORGET_SECONDS
        for peer in list(self._peers)[:-1]:
            if self._peers[peer] < oldest:
                del self._peers[peer]
        for peer in self._peers:
            with suppress(OSError):  # one peer that cannot be reached is no failure of the others' link
                self._socket.sendto(data, peer)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
