"""Run the local fal by itself: ``python -m tests.fal_server`` prints what to export."""

from __future__ import annotations

import argparse
import shlex
import signal

from . import FalServer, Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fal_server", description=__doc__)
    parser.add_argument("--queue-seconds", type=float, default=1.0)
    parser.add_argument("--run-seconds", type=float, default=4.0)
    parser.add_argument("--concurrency", type=int, default=None)
    parser.add_argument("--image-format", choices=("png", "jpeg", "webp"), default="png")
    settings = Settings(**vars(parser.parse_args()))
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with FalServer(settings) as server:
        for name, value in server.env.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        print(f"# without the proxy: {server.https_url}/queue {server.http_url}/queue", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
