"""Rows for a request that fal has accepted: from here on money is at stake."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import KEY, LOCKED, UNHEARD, replies

UNKNOWN = (
    r"fal does not know request [0-9a-f-]+ \(.+\)\. Look .+/requests; fal may have billed it\."
)
ODD = (
    "400=400, 405=405, 408=408, 409=409, 413=413, 418=418, 429=429 storm, nginx_502=nginx 502, "
    "nginx_503=nginx 503, nginx_504=nginx 504, html=a web page, not_json=broken JSON, "
    "blank=an empty body, half=half a body, drip=a body that drips, elsewhere=a redirect, "
    "nginx_403=403 as a web page, drop=a dropped socket, hang=a hung socket"
)
STREAM = f"{ODD}, 500=500, 503=503, 504=504, unknown=an unknown state, content_policy_violation=422"
STATUS = f"{STREAM}, no_logs=no logs"


def polled(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Take the status stream away, so that the status is polled."""
    return tuple(row._replace(switches=f"stream:405 {row.switches}") for row in rows)


def account(point: str) -> tuple[Row, ...]:
    return (
        Row("401", f"{point}:401", KEY),
        Row("403 balance", f"{point}:403", LOCKED),
        Row("403 admin", f"{point}:403_admin", LOCKED),
    )


WATCH = (
    Group(
        "status stream",
        "any trouble",
        None,
        "result",
        "yes",
        "yes",
        replies(
            "stream",
            f"{STREAM}, 401=401, 403=403, 404=404, silent=silence, cut=cut off, garbage=no JSON",
            "Completed",
        ),
    ),
    Group(
        "status poll",
        "trouble that passes",
        None,
        "result",
        "yes",
        "yes",
        polled(
            (
                Row("429", "status:429*2", "Completed"),
                Row("500", "status:500*2", "Completed"),
                Row("503", "status:503*2", "Completed"),
                Row("nginx 502", "status:nginx_502*2", "Completed"),
                Row("a web page", "status:html*2", "Completed"),
                Row("a redirect", "status:elsewhere*2", "Completed"),
                Row("405", "status:405*2", "Completed"),
                Row("half a body", "status:half*2", "Completed"),
                Row("a dropped socket", "status:drop*2", "Completed"),
                Row("an unknown state", "status:unknown*2", "Completed"),
            )
        ),
    ),
    Group(
        "status poll",
        "trouble without an end",
        "BackendError",
        "resumable",
        "maybe",
        "yes",
        polled(replies("status", STATUS, UNHEARD)),
    ),
    Group(
        "status poll",
        "key or account refused",
        "CredentialsError",
        "resumable",
        "maybe",
        "yes",
        polled(account("status")),
    ),
    Group(
        "status poll",
        "unknown request",
        "BackendError",
        "noted",
        "maybe",
        "yes",
        polled((Row("404", "status:404", UNKNOWN), Row("410", "status:410", UNKNOWN))),
    ),
)
