"""The page without code, served by Voilà: ``python -m simlib.pages.page NOTEBOOK [options]``.

Voilà starts a Python for every visit. Here it also ends: when the visitor leaves, when nobody has
been connected for a while, or when nobody moves anything for long. There are never more than a
stated number at once. Only this machine is served, unless an address is named; then with a token.
"""

import html
import ipaddress
from typing import Any, ClassVar

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from traitlets import Integer, default
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler

MOST_VISITS = 8
"""Pages open at once; each has a Python of its own with about 350 MB."""
LEFT_SECONDS = 120
"""A Python to which nobody is connected ends after this time, such as after a browser's crash."""
UNMOVED_SECONDS = 3600
"""A Python with which nobody does anything ends after this time."""
OPENED = """
The page is open to the network at {ip}: whoever has the address with its token can use this
computer's time and memory ({most} visits of about 350 MB each at most), and what is sent is not
encrypted. Stop it with Ctrl-C when you are done.
"""
NEEDS_TOKEN = (
    "The page is not opened to the network without a token: leave --Voila.token out, and one is "
    "made up; or give one that cannot be guessed."
)
FULL = (
    "The page is full: {most} are open already, and each needs memory of its own. Close one that "
    "is not needed, or come back in a few minutes: a page left alone ends by itself."
)


class Visits(AsyncMappingKernelManager):
    """One Python for each page that is open, up to a number, and none for pages left.

    Attributes
    ----------
    most : pages open at once
    """

    most = Integer(MOST_VISITS, min=1, help="Pages that may be open at once.", config=True)
    cull_connected = True
    _starting = 0

    @default("cull_idle_timeout")
    def _unmoved(self) -> int:
        return UNMOVED_SECONDS

    @default("cull_interval")
    def _looked_at(self) -> int:
        return LEFT_SECONDS // 4

    async def start_kernel(self, **arguments: Any) -> str:  # type: ignore[override]
        """Start a Python for a visit, where there is room for one.

        Raises
        ------
        tornado.web.HTTPError
            503, when as many are open as may be.
        """
        if len(self) + self._starting >= self.most:
            raise web.HTTPError(503, "the page is full")
        self._starting += 1
        try:
            return await super().start_kernel(**arguments)
        finally:
            self._starting -= 1

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a Python that nobody uses; sooner where nobody is connected to it."""
        longest = self.cull_idle_timeout
        if not self._kernel_connections.get(kernel_id):
            self.cull_idle_timeout = min(LEFT_SECONDS, longest)
        try:
            await super().cull_kernel_if_idle(kernel_id)
        finally:
            self.cull_idle_timeout = longest


class Visit(TornadoVoilaHandler):
    """Opens a page; only what a reader opens starts a Python, not a picture on another site."""

    @property
    def content_security_policy(self) -> str:
        """Everything comes from here and goes here; no other site may frame the page."""
        host = self.request.host
        return (
            "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
            f"connect-src 'self' ws://{host} wss://{host} blob:; frame-ancestors 'self'"
        )

    @web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Answer with the page, or in words where there is no room."""
        if not path and self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise web.HTTPError(403, "opened by something that is not a page")
        await super().get(path)

    def write_error(self, status_code: int, **details: Any) -> None:
        """Say in words that the page is full; all else as Jupyter does."""
        if status_code != 503:
            super().write_error(status_code, **details)
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Retry-After", str(LEFT_SECONDS))
        words = html.escape(FULL.format(most=self.kernel_manager.most))
        self.finish(f"<!DOCTYPE html><title>The page is full</title><main><p>{words}</p></main>")


class Farewell(VoilaShutdownKernelHandler):
    """Ends a visit's Python; the browser tells as it leaves the page."""

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: a beacon cannot carry one. Where it comes from is checked as ever."""

    @web.authenticated
    async def post(self, kernel_id: str) -> None:
        """End it, unless it has ended already."""
        if kernel_id in self.kernel_manager:
            await super().post(kernel_id)
        self.set_status(204)


class Page(Voila):
    """Voilà with a bound on visits and Jupyter's checks of who asks."""

    classes: ClassVar = [*Voila.classes, Visits]
    examples = "python -m simlib.pages.page notebooks/page/dashboard.ipynb --Visits.most=20"

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it."""
        try:
            return not ipaddress.ip_address(self.ip).is_loopback
        except ValueError:
            return self.ip != "localhost"

    def init_settings(self) -> dict[str, Any]:
        """Voilà's settings, closed to other machines or told what it means to open it."""
        if self.is_open:
            if self.token == "":
                self.exit(NEEDS_TOKEN)
            self.auto_token = True
        self.voila_configuration.multi_kernel_manager_class = Visits
        settings = super().init_settings() | {"allow_remote_access": self.is_open}
        if self.is_open:
            ip = self.ip or "every address"
            print(OPENED.format(ip=ip, most=self.kernel_manager.most), flush=True)
        return settings

    def init_handlers(self) -> list[Any]:
        """Voilà's handlers, two of them changed."""
        ours = {TornadoVoilaHandler: Visit, VoilaShutdownKernelHandler: Farewell}
        return [(path, ours.get(who, who), *more) for path, who, *more in super().init_handlers()]


if __name__ == "__main__":
    Page.launch_instance()
