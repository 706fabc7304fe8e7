"""Another Python with the same library, which does what a test tells it, line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CODE = """
import json, os, sys
from seedream_widgets.errors import *
from seedream_widgets.library.processes import this_process
from seedream_widgets.testing import *
from tests.scripted import *
for line in sys.stdin:
    try:
        exec(line)
    except SyntaxError:
        raise
    print(json.dumps(globals().pop("said", None)), flush=True)
"""
FOX = "Request('a fox', seed=7)"


class Another:
    """Run lines in another process; what a line binds to ``said`` is returned."""

    def __init__(self, library: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._library = str(library)

    def run(self, line: str) -> Any:
        self.tell(line)
        return self.hear()

    def tell(self, line: str) -> None:
        """Start a line; `hear` waits for it."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def client(self, script: str = "") -> None:
        """Make ``backend`` and ``client``; `script` are the backend's arguments."""
        self.run(f"backend = ScriptedBackend('fal', {script})")
        self.run(f"client = Client(backend, library={self._library!r})")

    def submit(self, script: str = "", until: str = "submit") -> str:
        """Have the fox asked for there, go on when the backend is at a step; return the job's id.

        `script` are the arguments of its backend.
        """
        self.client(script)
        return str(
            self.run(f"job = client.submit({FOX}); backend.wait_for({until!r}); said=job.id")
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
