# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Who may open the page and connect to it: token, origin, host, and how many."""

from __future__ import annotations

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

from select_helpers import Visitor, message, until, visit  # noqa: E402

from tracker_ros.select.access import Access, is_loopback  # noqa: E402
from tracker_ros.select.server import MOST_PAGES  # noqa: E402


def test_the_page_and_its_files_come_with_headers_that_keep_others_out() -> None:
    async def test(visitor: Visitor) -> None:
        answer = await visitor.get(f"/?token={visitor.access.token}")
        assert answer.status == 200 and "<canvas" in await answer.text()
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers
        for name, kind in (
            ("app.js", "text/javascript"),
            ("style.css", "text/css"),
            ("icon.svg", "image/svg+xml"),
        ):
            answer = await visitor.get(f"/{name}")
            assert (answer.status, answer.content_type) == (200, kind)
        for path in ("/..%2fserver.py", "/server.py", "/socket/"):
            answer = await visitor.get(path)
            assert answer.status == 404 and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await visitor.http.post(f"http://{visitor.host}/")).status == 405

    visit(test)


@pytest.mark.parametrize("token", ["", "wrong", "é", "A" * 32])
def test_a_wrong_token_is_refused(token: str) -> None:
    async def test(visitor: Visitor) -> None:
        answer = await visitor.get(f"/?token={token}")
        assert answer.status == 403 and "open the whole address" in await answer.text()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await visitor.connect(token or "x")
        assert refused.value.status == 403

    visit(test)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "https://127.0.0.1", "http://localhost"]
)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    async def test(visitor: Visitor) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await visitor.connect(Origin=origin)
        assert refused.value.status == 403

    visit(test)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8088", "10.0.0.1", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_refused(host: str) -> None:
    async def test(visitor: Visitor) -> None:
        for path in (f"/?token={visitor.access.token}", "/app.js"):
            assert (await visitor.get(path, Host=host)).status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await visitor.connect(Host=host, Origin=f"http://{host}")
        assert refused.value.status == 403

    visit(test)


def test_a_tunnel_may_have_another_port() -> None:
    async def test(visitor: Visitor) -> None:
        socket = await visitor.connect(Host="localhost:9000", Origin="http://localhost:9000")
        assert (await message(socket, "status"))["images"] == ""

    visit(test)


@pytest.mark.parametrize(
    ("bound", "host", "serves"),
    [
        ("127.0.0.1", "127.0.0.1:8088", True),
        ("127.0.0.1", "[::1]:8088", True),
        ("::1", "[::1]", True),
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "192.168.1.2:8088", False),
        ("127.0.0.1", "", False),
        ("0.0.0.0", "192.168.1.2:8088", True),
        ("0.0.0.0", "drone.local:8088", False),
        ("drone.local", "drone.local:8088", True),
        ("drone.local", "other.local", False),
        ("127.0.0.1", "[", False),
        ("127.0.0.1", "127.0.0.1@evil.example", False),
    ],
)
def test_hosts(bound: str, host: str, serves: bool) -> None:
    assert Access(bound).serves(host) is serves


def test_loopback_and_tokens() -> None:
    loopback = [
        host
        for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost", "0.0.0.0", "::", "drone", "192.168.0.2")
        if is_loopback(host)
    ]
    assert loopback == ["127.0.0.1", "127.1.2.3", "::1", "localhost"]
    assert len({Access("::1").token for _ in range(100)}) == 100


def test_only_so_many_pages_at_a_time() -> None:
    async def test(visitor: Visitor) -> None:
        sockets = [await visitor.connect() for _ in range(MOST_PAGES)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await visitor.connect()
        assert refused.value.status == 503
        await sockets[0].close()
        await until(lambda: len(visitor.page._viewers) < MOST_PAGES)
        await visitor.connect()

    visit(test)
