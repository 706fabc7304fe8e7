"""Rows for the upload of an input image: nothing has been submitted yet."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import CONTENT, UPLOAD_LOST, content, documented

from .submit import ACCOUNT, IN_BETWEEN

UPLOAD = (
    Group(
        "upload",
        "refused: 4xx",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row(
                "400",
                "upload:400 initiate:400",
                r"fal does not take the request \(.+\)\. Change it .+",
            ),
            Row(
                "413",
                "upload:413 initiate:413",
                r"The request is too large for fal \(.+\)\. Give fewer or smaller .+",
            ),
            *documented("upload", 422, also="initiate", but=CONTENT),
        ),
    ),
    Group(
        "upload",
        "refused: content",
        "ContentRejectedError",
        "noted",
        "no",
        "no",
        content("upload", "initiate"),
    ),
    Group(
        "upload",
        "key or account refused",
        "CredentialsError",
        "noted",
        "no",
        "no",
        tuple(
            row._replace(switches=f"token:{row.switches} initiate:{row.switches}")
            for row in ACCOUNT
        ),
    ),
    Group(
        "upload",
        "something in between",
        "BackendError",
        "noted",
        "no",
        "no",
        tuple(
            row._replace(switches=f"upload:{row.switches} initiate:{row.switches}")
            for row in IN_BETWEEN
        ),
    ),
    Group(
        "upload",
        "fal's own trouble: JSON 5xx",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row(
                "500",
                "token:500 initiate:500",
                r"fal had an error of its own \(.+\)\. Submit it again; .+",
            ),
            Row(
                "500 of the second half",
                "upload:500 put:500",
                r"fal had an error of its own \(.+\)\. .+",
            ),
            *documented("upload", 500, 502, 503, 504, also="initiate"),
        ),
    ),
    Group(
        "upload",
        "no reply, or 429, for long",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row("429", "upload:429 initiate:429", UPLOAD_LOST),
            Row("408", "upload:408 initiate:408", UPLOAD_LOST),
            Row("nginx 502", "upload:nginx_502 initiate:nginx_502", UPLOAD_LOST),
            Row("half a body", "upload:half initiate:half", UPLOAD_LOST),
            Row("a body that drips", "upload:drip initiate:drip", UPLOAD_LOST),
            Row("a dropped socket", "upload:drop initiate:drop", UPLOAD_LOST),
            Row("a hung socket", "upload:hang initiate:hang", UPLOAD_LOST),
            Row("a hung token", "token:hang initiate:hang", UPLOAD_LOST),
            Row("a hung second half", "upload:500 put:hang", UPLOAD_LOST),
        ),
    ),
    Group(
        "upload",
        "a reply without an address",
        "BackendError",
        "noted",
        "no",
        "no",
        tuple(
            Row(
                words,
                f"upload:{kind} initiate:{kind}",
                r"fal took row\d+\.png but gave no usable address for it\. Nothing is billed; "
                r"try again\.",
            )
            for kind, words in (
                ("not_json", "broken JSON"),
                ("html", "a web page"),
                ("blank", "an empty body"),
            )
        ),
    ),
    Group(
        "upload",
        "one way of two works",
        None,
        "result",
        "yes",
        "yes",
        (
            Row("token 500", "token:500", "Completed"),
            Row("upload 500", "upload:500", "Completed"),
            Row("upload hangs once", "upload:hang*1", "Completed"),
            Row("429 once", "upload:429*1", "Completed"),
        ),
    ),
)
