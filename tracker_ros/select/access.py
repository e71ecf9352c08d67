# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Access to the page: by the token, from a page of this very server, under its own name."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

_TOKEN_BYTES = 24


class Access:
    """The rules for one run of the server.

    The token keeps strangers out. The Host rule keeps out pages that point a domain name of theirs at this
    address (DNS rebinding), and the Origin rule pages of other sites that open a WebSocket to it.

    Args:
        address: that the server binds: a name or a numeric address.
    """

    def __init__(self, address: str):
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._address = address.lower()

    def knows(self, token: str) -> bool:
        """Return whether this is the token, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def serves(self, host: str) -> bool:
        """Return whether a Host header may name this server.

        Always ``localhost`` and numeric loopback addresses, whatever their port (a tunnel has its own);
        the bound name; and any numeric address when more than loopback is bound.
        """
        name = _host_name(host)
        if name in ("localhost", self._address):
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return False
        return number.is_loopback or not is_loopback(self._address)

    @staticmethod
    def same_origin(origin: str, host: str) -> bool:
        """Return whether an Origin header says that the page came from the host that it talks to."""
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() != ""


def is_loopback(address: str) -> bool:
    """Return whether a server bound to this name or address is reachable from its own machine only."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def _host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets; '' when it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
