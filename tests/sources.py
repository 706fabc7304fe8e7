"""Parse source text, whatever other threads do."""

from __future__ import annotations

import ast


def parsed(source: str) -> ast.Module:
    """Parse a module.

    Python 3.11 counts the depth of a tree for all threads together: where another one formats a
    traceback meanwhile, as the engine does for its log, `ast.parse` raises SystemError.
    """
    for _ in range(20):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
