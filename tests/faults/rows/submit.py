"""Rows for the submit: nothing is billed unless fal may have accepted it."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import CONTENT, KEYS, TOP_UP, content, documented, replies

LOST = (
    r"The reply to this submit was lost, so fal may have accepted it and may bill it\. It was not "
    r"sent again\. Look at https://fal\.ai/dashboard/requests before you submit it again\. It was "
    r"looked for at fal: this key may not ask fal for its requests \(HTTP 403\)\."
)
REFUSED = [
    Row(
        "400", "submit:400", r"fal does not take the request \(fal: 'Bad request'\)\. Change it .+"
    ),
    Row(
        "404",
        "submit:404",
        r"fal has no such endpoint \(any more\) \(.+\)\. Newer models .+ or update .+",
    ),
    Row(
        "405", "submit:405", r"fal did not carry out the request \(.+ Not Allowed'\)\. Try again\."
    ),
    Row(
        "409", "submit:409", r"fal did not carry out the request \(fal: 'Conflict'\)\. Try again\."
    ),
    Row(
        "410",
        "submit:410",
        r"fal has no such endpoint \(any more\) \(.+\)\. Newer models .+ or update .+",
    ),
    Row("413", "submit:413", r"The request is too large for fal \(.+\)\. Give fewer or smaller .+"),
    Row("418", "submit:418", r"fal did not carry out the request \(.+ teapot'\)\. Try again\."),
]
CHECK = r" \(HTTP \d+\)\. Check the network and proxy, then try again\."
ACCOUNT = [
    Row("401", "401", rf"fal does not accept the key \(fal: '.+'\)\. {KEYS}"),
    Row("403 balance", "403", rf"fal has locked this account \(.+balance.+\)\. {TOP_UP}"),
    Row("403 TOP_UP", "403_top_up", rf"fal has locked this account \(.+TOP_UP'\)\. {TOP_UP}"),
    Row(
        "403 admin", "403_admin", r"fal has locked this account \(.+Admin lock\.'\)\. Ask fal's .+"
    ),
]
IN_BETWEEN = [
    Row("302", "elsewhere", rf"Something between here and fal sent the request elsewhere{CHECK}"),
    Row("403 as a web page", "nginx_403", rf"Something .+ fal refused the request{CHECK}"),
]
NO_REPLY = (
    "nginx_502=nginx 502, nginx_503=nginx 503, nginx_504=nginx 504, html=a web page, "
    "not_json=broken JSON, blank=an empty body, half=half a body, drip=a body that drips, "
    "drop=a dropped socket, hang=a hung socket"
)
SUBMIT = (
    Group(
        "submit",
        "refused: 4xx",
        "BackendError",
        "noted",
        "no",
        "no",
        (*REFUSED, *documented("submit", 400, 422, 499, but=CONTENT)),
    ),
    Group(
        "submit", "refused: content", "ContentRejectedError", "noted", "no", "no", content("submit")
    ),
    Group(
        "submit",
        "key or account refused",
        "CredentialsError",
        "noted",
        "no",
        "no",
        tuple(row._replace(switches=f"submit:{row.switches}") for row in ACCOUNT),
    ),
    Group(
        "submit",
        "fal's own trouble: JSON 5xx",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row(
                "500",
                "submit:500",
                r"fal had an error of its own \(.+\)\. Submit it again; nothing is billed\.",
            ),
            *documented("submit", 500, 502, 503, 504),
        ),
    ),
    Group(
        "submit",
        "429 storm, 408",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            *documented("submit", 429),
            Row("408", "submit:408", r"fal took too long and gave up \(.+\)\. Try again\."),
        ),
    ),
    Group(
        "submit",
        "429 or 408 that pass",
        None,
        "result",
        "yes",
        "yes",
        (
            Row("429 twice", "submit:429*2", "Completed"),
            Row("408 once", "submit:408*1", "Completed"),
        ),
    ),
    Group(
        "submit",
        "something in between",
        "BackendError",
        "noted",
        "no",
        "no",
        tuple(row._replace(switches=f"submit:{row.switches}") for row in IN_BETWEEN),
    ),
    Group(
        "submit",
        "no reply, or none of fal's",
        "SubmitUnknownError",
        "noted",
        "maybe",
        "no",
        replies("submit", NO_REPLY, LOST),
    ),
    Group(
        "submit",
        "accepted, but the reply is lost",
        "SubmitUnknownError",
        "noted",
        "maybe",
        "yes",
        (
            *replies(
                "submit",
                "accept_drop=dropped, accept_hang=hung, accept_not_json=broken JSON, "
                "accept_no_id=no id",
                LOST,
            ),
            Row("dropped after a 429", "submit:429*1 submit:accept_drop", LOST),
        ),
    ),
)
