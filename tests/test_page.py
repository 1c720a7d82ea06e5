"""The server of the page without code: who may ask, how many at once, and when a Python ends."""

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parents[1]
MOST, QUIET_SECONDS = 2, 6
EVIL = {"Host": "evil.example", "Origin": "http://evil.example"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def book(folder: Path) -> Path:
    """A page that needs no model, so that a Python is there at once."""
    slider = "import ipywidgets\nipywidgets.IntSlider(321)"
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(slider)],
            metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        ),
        folder / "small.ipynb",
    )
    return folder / "small.ipynb"


def kernels_of(server: int) -> list[psutil.Process]:
    """The kernels that live below a server's process."""
    found = []
    for each in psutil.Process(server).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one, too
            if "ipykernel" in " ".join(each.cmdline()):
                found.append(each)
    return found


class Server:
    """A running page.

    Parameters
    ----------
    folder : for its notebook and log
    options : further ones
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self.log = free_port(), folder / "page.log"
        command = [sys.executable, "-m", "simlib.pages.page", str(book(folder)), "--no-browser"]
        command += [f"--Voila.port={self.port}", *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while "is running at" not in self.log.read_text() and self.process.poll() is None:
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.2)

    @property
    def kernels(self) -> int:
        return len(kernels_of(self.process.pid))

    def ask(self, path: str = "/", **how: Any) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of an answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", **how)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode(), dict(refused.headers)

    def visit(self) -> str:
        """Open the page; the id of its kernel."""
        status, text, _ = self.ask()
        assert status == 200
        found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
        assert found
        return found.group(0)

    def connect(self, kernel: str, headers: dict[str, str]) -> bool:
        """Whether a websocket to a kernel is opened to one who sends such headers."""

        async def go() -> bool:
            url = f"ws://127.0.0.1:{self.port}/api/kernels/{kernel}/channels"
            try:
                (await websocket_connect(HTTPRequest(url, headers=headers))).close()
            except Exception:  # refused, in whichever way
                return False
            return True

        return asyncio.run(go())

    def leave(self, kernel: str, headers: dict[str, str]) -> int:
        """Say farewell as a browser does: by a beacon, which carries no token."""
        path = f"/voila/api/shutdown/{kernel}"
        return self.ask(path, data=b"", headers=headers, method="POST")[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    quiet = (f"--Visits.cull_idle_timeout={QUIET_SECONDS}", "--Visits.cull_interval=1")
    server = Server(tmp_path_factory.mktemp("page"), f"--Visits.most={MOST}", *quiet)
    yield server
    server.stop()


def test_no_other_name_no_picture_and_no_frame_reaches_it(page: Server) -> None:
    assert page.ask(headers={"Host": "evil.example"})[0] == 403
    status, _, headers = page.ask(headers={"Sec-Fetch-Dest": "image"})
    assert status == 403
    assert page.kernels == 0
    policy = headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    host = f"127.0.0.1:{page.port}"
    assert rules["frame-ancestors"] == "'self'"
    assert rules["connect-src"].split() == ["'self'", f"ws://{host}", f"wss://{host}", "blob:"]


def test_only_its_own_page_reaches_a_kernel_and_leaving_ends_it(page: Server) -> None:
    kernel = page.visit()
    own = {"Origin": f"http://127.0.0.1:{page.port}"}
    assert not page.connect(kernel, EVIL)
    assert not page.connect(kernel, {"Origin": EVIL["Origin"]})
    assert page.connect(kernel, own)
    assert page.leave(kernel, EVIL) == 403
    assert page.leave(kernel, {"Origin": EVIL["Origin"]}) == 404
    assert page.kernels == 1
    assert [page.leave(kernel, own) for _ in range(2)] == [204, 204]
    assert page.kernels == 0


def test_a_full_page_says_so_in_words_and_those_left_alone_end(page: Server) -> None:
    for _ in range(MOST):
        page.visit()
    status, text, headers = page.ask()
    assert status == 503
    assert f"The page is full: {MOST} are open already" in text
    assert "Traceback" not in text
    assert int(headers["Retry-After"]) > 0
    assert page.kernels == MOST
    end = time.monotonic() + QUIET_SECONDS + 20
    while page.kernels:
        assert time.monotonic() < end, "left alone, but still there"
        time.sleep(0.5)
    page.leave(page.visit(), {})


def test_open_to_a_network_it_says_what_that_means_and_asks_for_a_token(tmp_path: Path) -> None:
    server = Server(tmp_path, "--Voila.ip=0.0.0.0")
    try:
        said = server.log.read_text()
        assert "open to the network at 0.0.0.0" in said
        assert "not\nencrypted" in said
        token = re.search(r"\?token=(\w{32,})", said)
        assert token
        asked = server.ask()
        assert 'name="password"' in asked[1] or asked[0] == 403
        assert server.kernels == 0
        assert server.ask(f"/?token={token.group(1)}")[0] == 200
        assert server.kernels == 1
    finally:
        server.stop()


def test_it_is_not_opened_to_a_network_without_a_token(tmp_path: Path) -> None:
    server = Server(tmp_path, "--Voila.ip=0.0.0.0", "--Voila.token=")
    assert server.process.wait(timeout=30) == 1
    assert "not opened to the network without a token" in server.log.read_text()
