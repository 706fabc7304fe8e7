"""Run every benchmark: ``make bench``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("bench_*.py")):
    subprocess.run([sys.executable, "-m", f"tests.bench.{path.stem}"], check=True)
