"""Rows for a finished request whose result does not come."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import UNHEARD, documented, replies

from .watch import ODD, account

GONE = (
    r"fal no longer has the result of request [0-9a-f-]+: it keeps one for about an hour\. Look at "
    r"https://fal\.ai/dashboard/requests; fal may have billed it\."
)
UNSURE = (
    r"fal says that request [0-9a-f-]+ is complete, but answers 50\d instead of its result\. Call "
    r"sd\.resume\(\) to ask again; fal may have billed it\."
)
RESULT = (
    Group(
        "result",
        "trouble that passes",
        None,
        "result",
        "yes",
        "yes",
        (
            Row("500", "result:500*2", "Completed"),
            Row("503", "result:503*1", "Completed"),
            Row("429", "result:429*2", "Completed"),
            Row("nginx 504", "result:nginx_504*2", "Completed"),
            Row("half a body", "result:half*1", "Completed"),
            Row("a dropped socket", "result:drop*2", "Completed"),
            Row("a web page", "result:html*1", "Completed"),
        ),
    ),
    Group(
        "result",
        "trouble without an end",
        "BackendError",
        "resumable",
        "maybe",
        "yes",
        replies("result", ODD.replace("400=400, ", ""), UNHEARD),
    ),
    Group(
        "result",
        "5xx after completion",
        "BackendError",
        "resumable",
        "maybe",
        "yes",
        tuple(
            row._replace(sees=UNSURE)
            for row in (
                Row("500", "result:500", ""),
                Row("503", "result:503", ""),
                Row("504", "result:504", ""),
                *documented("result", 500, 502, 503, 504),
            )
        ),
    ),
    Group(
        "result",
        "5xx that the model gave",
        "BackendError",
        "resumable",
        "maybe",
        "no",
        (Row("500, told by the result alone", "run:500_silent", UNSURE),),
    ),
    Group(
        "result",
        "key or account refused",
        "CredentialsError",
        "resumable",
        "maybe",
        "yes",
        account("result"),
    ),
    Group(
        "result",
        "gone",
        "ResultError",
        "noted",
        "maybe",
        "yes",
        (
            Row("404", "result:404", GONE),
            Row("410", "result:410", GONE),
            Row("expired", "result:expired", GONE),
        ),
    ),
    Group(
        "result",
        "another shape",
        "ResultError",
        "resumable",
        "maybe",
        "yes",
        (
            Row(
                "no list of images",
                "result:wrong_shape",
                r"fal's result of request \S+ has no list of images\. Look .+ billed it\.",
            ),
        ),
    ),
)
