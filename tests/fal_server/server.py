"""Start and stop the local fal in a thread and a loop of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from .app import build
from .authority import BACKUP_PLANES, ELSEWHERE, PLANES, Authority
from .faults import Fault
from .pictures import Color, expected_color
from .proxy import Proxy
from .state import Charge, File, Job, Record, Settings, State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
_CLEARED = (
    *("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"),
    *("FAL_KEY_ID", "FAL_KEY_SECRET", "FAL_FORCE_AUTH_BY_USER"),
)


class FalServer:
    """Be fal on loopback: ``with FalServer() as server: os.environ.update(server.env)``.

    In `env` an empty value stands for a variable better unset. `settings` may be changed
    while it runs; `fail` switches faults on, `heal` all off. With `elsewhere` a host that is
    not fal's can be reached too: it answers 404, and what it is sent is recorded.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        authority: Authority | None = None,
        backup_hosts: bool = False,
        elsewhere: bool = False,
    ) -> None:
        self.settings = settings or Settings()
        self.authority = authority or Authority()
        self.state = State(self.settings)
        self.env: dict[str, str] = {}
        self.https_url = self.http_url = self.proxy_url = ""
        self._owns_authority = authority is None
        hosts = frozenset(PLANES | BACKUP_PLANES if backup_hosts else PLANES)
        self._hosts = hosts | {ELSEWHERE} if elsewhere else hosts
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._proxy: Proxy | None = None

    def __enter__(self) -> FalServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> FalServer:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._loop_error)
        self._thread = threading.Thread(target=self._loop.run_forever, name="fal", daemon=True)
        self._thread.start()
        try:
            self._call(self._open())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Close every connection and the loop; a second call does nothing."""
        if self._loop is None or self._thread is None:
            return
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None
        if self._owns_authority:
            self.authority.close()

    async def _open(self) -> None:
        plain, secure = _listener(), _listener()
        self.http_url = f"http://localhost:{plain.getsockname()[1]}"
        self.https_url = f"https://localhost:{secure.getsockname()[1]}"
        self._runner = web.AppRunner(
            build(self.state, self.http_url),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.2,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, plain).start()
        await web.SockSite(self._runner, secure, ssl_context=self.authority.context).start()
        self.proxy_url = f"http://127.0.0.1:{await self._listen()}"
        self.env = dict.fromkeys(_CLEARED, "") | {
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "SSL_CERT_FILE": str(self.authority.ca_file),
            "FAL_KEY": self.settings.key,
        }

    async def _listen(self, port: int = 0) -> int:
        assert self._runner is not None
        assert self._runner.server is not None
        context = self.authority.context
        self._proxy = Proxy(self.state, self._runner.server, context, self._hosts)
        return await self._proxy.listen(port)

    def start_queue(self) -> None:
        """Have the queue look again at how many jobs may run at once."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.state.queue_moved)

    def go_down(self) -> None:
        """Cut every connection and take no new ones; the jobs go on."""
        assert self._proxy is not None
        self._call(self._proxy.close())

    def come_back(self) -> None:
        """Take connections again where they were taken before."""
        self._call(self._listen(int(self.proxy_url.rpartition(":")[2])))

    async def _close(self) -> None:
        if self._proxy is not None:
            await self._proxy.close()
        if self._runner is not None:
            await self._runner.cleanup()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        loop = asyncio.get_running_loop()
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # Clients may cut connections at any point: that is no failure of the server.
        if error is not None and not isinstance(error, OSError):
            self.state.errors.append(error)
            logging.getLogger(__name__).error("%s: %r", context.get("message"), error)

    def fail(
        self,
        point: str,
        kind: str,
        *,
        times: int | None = 1,
        when: Callable[[str], bool] | None = None,
        host: str | None = None,
    ) -> Fault:
        """Switch a fault on: the next `times` (None: always), for prompts that `when` accepts.

        `KINDS` lists the points and their kinds. A redirecting download that is always on
        should name its `host`, or it redirects the redirected request too. A ``slow`` download
        is slow until `heal`, and a ``held`` upload is not answered until then.
        """
        fault = Fault(point, kind, times, when, host)
        self.state.faults.add(fault)
        return fault

    def heal(self) -> None:
        """Switch all faults off."""
        self.state.faults.clear()

    def expire(self, request_id: str) -> None:
        """Forget a result, as fal does after an hour."""
        self.state.jobs[request_id].expired = True

    @staticmethod
    def expected_color(prompt: str, seed: int | None, index: int = 0) -> Color:
        """Return the RGB colour of a picture; in a JPEG it may be off by a few."""
        return expected_color(prompt, seed, index)

    @property
    def bill(self) -> tuple[Charge, ...]:
        return tuple(self.state.bill)

    @property
    def usd(self) -> float:
        return round(sum(charge.usd for charge in self.bill), 4)

    @property
    def maybe_billed(self) -> tuple[str, ...]:
        """Request ids fal may bill: cancelled while running, or refused with a 422."""
        return tuple(self.state.maybe_billed)

    @property
    def requests(self) -> tuple[Record, ...]:
        return tuple(self.state.requests)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Return the accepted jobs, oldest first."""
        return tuple(self.state.jobs.values())

    @property
    def files(self) -> dict[str, File]:
        """Return the stored files by path: uploads under /files/a, outputs under /files/b."""
        return dict(self.state.files)

    @property
    def tunnels(self) -> tuple[str, ...]:
        """Return the host of each connection made through the proxy."""
        return tuple(self.state.tunnels)

    @property
    def refused(self) -> tuple[str, ...]:
        """Return the hosts the proxy refused to connect to."""
        return tuple(self.state.refused)

    @property
    def errors(self) -> tuple[BaseException, ...]:
        """Return what went wrong in the server itself; a test wants none."""
        return tuple(self.state.errors)

    def count(self, step: str) -> int:
        """Count requests of a step: submit, status, stream, result, cancel, token, upload, ..."""
        return sum(record.step == step for record in self.requests)

    def connections(self, *steps: str) -> int:
        """Count the connections that carried any of the steps; all of them without one."""
        found = {r.connection for r in self.requests if not steps or r.step in steps}
        return len(found)

    def hosts_with_key(self) -> set[str]:
        """Return the hosts that were sent the key itself."""
        key = self.settings.key
        return {r.host for r in self.requests if key in r.headers.get("authorization", "")}

    def wait(self, condition: Callable[[FalServer], object], seconds: float = 60.0) -> None:
        """Wait until a condition holds, such as ``lambda s: s.count("cancel")``."""
        end = time.monotonic() + seconds
        while not condition(self):
            if time.monotonic() > end:
                raise TimeoutError(f"not so within {seconds} s: {[r.step for r in self.requests]}")
            time.sleep(0.005)


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener
