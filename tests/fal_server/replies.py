"""fal's error bodies, as its documentation gives them."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from .documented import TYPES

NGINX = """<html><head><title>{0}</title></head>
<body><center><h1>{0}</h1></center><hr><center>nginx</center></body></html>"""
INGRESS = {
    403: "403 Forbidden",
    502: "502 Bad Gateway",
    503: "503 Service Unavailable",
    504: "504 Gateway Time-out",
}
PORTAL = "<html><h1>Sign in to the network</h1></html>"
LOCKED = (
    "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
)
POLICY = "The content could not be processed because it contained material flagged by a checker."
POLICY_BODY = {
    "detail": [
        {
            "loc": ["body", "prompt"],
            "msg": POLICY,
            "type": "content_policy_violation",
            "url": "https://docs.fal.ai/errors#content_policy_violation",
        }
    ]
}
ERRORS: dict[str, tuple[int, dict[str, Any]]] = {
    **TYPES,
    "400": (400, {"detail": "Bad request", "error_type": "bad_request"}),
    "401": (401, {"detail": "Authentication is required to access this application"}),
    "403": (403, {"detail": LOCKED}),
    "403_admin": (403, {"detail": "User is locked. Reason: Admin lock."}),
    "403_top_up": (403, {"detail": "User is locked. Reason: TOP_UP"}),
    "404": (404, {"detail": "Not Found"}),
    "405": (405, {"detail": "Method Not Allowed"}),
    "408": (408, {"detail": "Request Timeout"}),
    "409": (409, {"detail": "Conflict"}),
    "410": (410, {"detail": "Gone"}),
    "413": (413, {"detail": "Request Entity Too Large"}),
    "418": (418, {"detail": "I am a teapot"}),
    "429": (429, {"detail": "Too many requests", "error_type": "concurrent_requests_limit"}),
    "500": (500, {"detail": "Internal Server Error", "error_type": "internal_error"}),
    "503": (503, {"detail": "No runner", "error_type": "runner_scheduling_failure"}),
    "504": (504, {"detail": "Startup timeout", "error_type": "startup_timeout"}),
}


def reply(body: dict[str, Any], status: int) -> web.Response:
    """Answer with a JSON error, its type in a header too."""
    kind = body.get("error_type")
    headers = {"X-Fal-Error-Type": str(kind)} if kind else {}
    return web.json_response(body, status=status, headers=headers)


def refusal(error: type[web.HTTPException], body: dict[str, Any]) -> web.HTTPException:
    """Return what to raise to answer with a JSON error."""
    return error(text=json.dumps(body), content_type="application/json")
