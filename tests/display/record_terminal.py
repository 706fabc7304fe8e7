"""Record `sd.generate` in a terminal: ``python -m tests.display.record_terminal FILE.cast``.

The file is an asciicast, version 2: a head, then the time, ``"o"`` and what was written, a line
each. `asciinema play` shows it again.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

COLUMNS, ROWS = 80, 24
CODE = (
    "import seedream_widgets as sd\n"
    "fox = sd.generate('a red fox in snow', image_size='1:1 1K', seed=7)\n"
    "print(fox)\n"
)


def record(file: Path) -> None:
    """Run the code in a terminal of its own and write down what it shows, and when."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    lines = [json.dumps({"version": 2, "width": COLUMNS, "height": ROWS, "title": "sd.generate"})]
    shown = "".join(f">>> {line}\r\n" for line in CODE.splitlines())
    lines.append(json.dumps([0.0, "o", shown]))
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "SEEDREAM_HOME": home, "TERM": "xterm", "PYTHONUTF8": "1"}
        env = {name: value for name, value in env.items() if not name.startswith("FAL_")}
        began = time.monotonic()
        run = subprocess.Popen([sys.executable, "-c", CODE], stdout=theirs, stderr=theirs, env=env)
        os.close(theirs)
        try:
            while data := os.read(ours, 65_536):
                told = [round(time.monotonic() - began, 3), "o", data.decode("utf-8", "replace")]
                lines.append(json.dumps(told, ensure_ascii=False))
        except OSError:  # the other end was closed
            pass
        run.wait()
    os.close(ours)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
