# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
"""Downloads from a local server: whole, resumed, broken off, forged, through a mirror and a proxy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tracker_ros.cli import main
from tracker_ros.files import WriteError
from tracker_ros.weights import WeightsError, manifest
from tracker_ros.weights import download as downloading
from tracker_ros.weights.download import download
from tracker_ros.weights.manifest import Entry

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT under any name; `breaks` replies end early; ranges may be ignored or refused."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks, self.ranges, self.asked = 0, True, []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        start = 0
        if self.path.endswith("absent.bin"):
            self.send_error(404)
            return
        if self.server.ranges and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = Server()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(manifest.VARIABLE, str(tmp_path / "weights"))
    monkeypatch.delenv(downloading.VARIABLE, raising=False)
    return tmp_path / "weights"


def entry(server: Server, name: str = "net.bin", digest: str = DIGEST) -> Entry:
    return Entry("net", name, f"{server.address}/{name}", "MIT", digest)


def test_a_file_arrives_whole_and_its_progress_is_told(server: Server, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    path = download(entry(server), progress=lambda done, whole: told.append((done, whole)))
    assert path == folder / "net.bin" and path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in folder.iterdir()] == ["net.bin"]


def test_a_broken_connection_is_taken_up_where_it_ended(server: Server, folder: Path) -> None:
    server.breaks = 2
    assert download(entry(server)).read_bytes() == CONTENT
    half, quarter = len(CONTENT) // 2, len(CONTENT) // 4
    assert [ranged for _, ranged in server.asked] == [None, f"bytes={half}-", f"bytes={half + quarter}-"]


def test_a_full_disk_is_not_taken_for_a_broken_connection(server: Server, folder: Path) -> None:
    folder.mkdir()
    (folder / "net.bin.part").symlink_to("/dev/full")
    with pytest.raises(WriteError, match=r"^cannot write \S+net.bin.part: No space left on device$"):
        download(entry(server))
    assert len(server.asked) == 1


def test_what_came_is_kept_for_the_next_call(server: Server, folder: Path) -> None:
    server.breaks = downloading.ATTEMPTS
    with pytest.raises(WeightsError, match="what came is kept, call again to go on"):
        download(entry(server))
    kept = (folder / "net.bin.part").stat().st_size
    assert kept == len(CONTENT) * 7 // 8
    assert download(entry(server)).read_bytes() == CONTENT
    assert server.asked[-1][1] == f"bytes={kept}-"


@pytest.mark.parametrize("ranges, left", [(False, 100), (True, len(CONTENT) + 7)])
def test_a_server_that_cannot_resume_sends_it_all_again(
    server: Server, folder: Path, ranges: bool, left: int
) -> None:
    server.ranges = ranges
    folder.mkdir()
    (folder / "net.bin.part").write_bytes(b"x" * left)
    assert download(entry(server)).read_bytes() == CONTENT


def test_a_forged_file_is_not_kept(server: Server, folder: Path) -> None:
    with pytest.raises(WeightsError, match="its SHA-256 is"):
        download(entry(server, digest="0" * 64))
    assert list(folder.iterdir()) == []


def test_a_server_without_the_file_is_told(server: Server, folder: Path) -> None:
    with pytest.raises(WeightsError, match="the server answers 404 .* put absent.bin into"):
        download(entry(server, "absent.bin"))


def test_without_a_network_the_words_say_what_to_do(folder: Path, server: Server) -> None:
    away = entry(server)
    server.server_close()
    with pytest.raises(WeightsError) as told:
        download(away)
    for words in ("cannot be had", "HTTPS_PROXY", f"put net.bin into {folder}", "--mirror"):
        assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_proxy_is_asked(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    far = Entry("net", "net.bin", "http://weights.invalid/net.bin", "MIT", DIGEST)
    assert download(far).read_bytes() == CONTENT
    assert server.asked == [("http://weights.invalid/net.bin", None)]


def test_a_mirror_takes_the_place_of_the_publisher(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Entry("net", "net.bin", "https://weights.invalid/net.bin", "MIT", DIGEST)
    assert download(far, f"{server.address}/all/").read_bytes() == CONTENT
    assert server.asked == [("/all/net.bin", None)]
    (folder / "net.bin").unlink()
    (tmp_path / "net.bin").write_bytes(CONTENT)
    monkeypatch.setenv(downloading.VARIABLE, str(tmp_path))
    assert download(far).read_bytes() == CONTENT
    monkeypatch.setenv(downloading.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(WeightsError, match="the mirror has no .*nowhere/net.bin"):
        download(far)


def test_the_command_downloads_what_is_missing_and_verifies_what_is_here(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    fields = f"{{file: net.bin, source: '{server.address}/net.bin', sha256: '{DIGEST}', licence: MIT}}"
    (tmp_path / "weights.yaml").write_text(f"net: {fields}\n")
    monkeypatch.setattr(manifest, "config_folders", lambda: [tmp_path])
    for said in (f"{folder / 'net.bin'}\n", "net is here already"):
        assert main(["weights", "download", "net"]) == 0
        assert said in capsys.readouterr().out
    assert len(server.asked) == 1
    (folder / "net.bin").write_bytes(b"damaged")
    assert main(["weights", "download", "net"]) == 2
    assert "its SHA-256 is" in capsys.readouterr().err
