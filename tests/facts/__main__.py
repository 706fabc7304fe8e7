"""Ask fal for its schema and page of each endpoint, without a key, and print what differs."""

from __future__ import annotations

import argparse
import sys

import httpx

from seedream_widgets.values.endpoints import ENDPOINTS
from tests.facts.compare import differences

FAL = "https://fal.ai"
_SECONDS = 30.0
_MOST = 5_000_000


def report(base: str) -> tuple[list[str], bool]:
    """Return the lines of the report, and whether all of our table is fal's.

    Args:
        base: Where fal is.
    """
    lines, good = [], True
    with httpx.Client(base_url=base, timeout=_SECONDS, follow_redirects=True) as http:
        for row in ENDPOINTS.values():
            found = _found(http, row.id)
            good = good and not found
            mark = f" (unconfirmed: {', '.join(row.unconfirmed)})" if row.unconfirmed else ""
            lines.append(f"{row.id}{mark}: {'as fal says' if not found else ''}".rstrip())
            lines += [f"  {each}" for each in found]
    return lines, good


def _found(http: httpx.Client, endpoint_id: str) -> list[str]:
    try:
        schema = http.get("/api/openapi/queue/openapi.json", params={"endpoint_id": endpoint_id})
        page = http.get(f"/models/{endpoint_id}/llms.txt")
        for reply in (schema, page):
            if reply.status_code != 200:
                return [f"fal answers {reply.status_code} to {reply.url}"]
            if len(reply.content) > _MOST:
                return [f"{reply.url} is too long to be read"]
        return differences(ENDPOINTS[endpoint_id], schema.json(), page.text)
    except (httpx.HTTPError, ValueError, AttributeError, TypeError) as error:
        return [f"it could not be asked for: {type(error).__name__} ({error!s:.200})"]


def main(arguments: list[str]) -> int:
    """Print the report; 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.facts", description=__doc__)
    parser.add_argument("--base", default=FAL, help="where fal is")
    lines, good = report(parser.parse_args(arguments).base)
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
