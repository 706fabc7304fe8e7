"""Rows for the files of a result: they are paid for."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import AGAIN, replies

DOWNLOAD = (
    Group(
        "download",
        "gone or refused",
        "ResultError",
        "resumable",
        "yes",
        "yes",
        (
            *(
                Row(code, f"download:{code}", rf"The image is gone \({code}\).*{AGAIN}")
                for code in ("401", "403", "404", "410")
            ),
            *(
                Row(
                    code,
                    f"download:{code}",
                    rf"The image can't be downloaded \(HTTP {code}\)" + AGAIN,
                )
                for code in ("400", "405", "409", "413", "418")
            ),
        ),
    ),
    Group(
        "download",
        "trouble without an end",
        "ResultError",
        "resumable",
        "yes",
        "yes",
        replies(
            "download",
            "408=408, 429=429 storm, 500=500, 503=503, 504=504, nginx_502=nginx 502, "
            "nginx_503=nginx 503, nginx_504=nginx 504, drop=a dropped socket, hang=a hung socket, "
            "slow=a body that drips, cut=half an image, redirect_elsewhere=a redirect to nowhere",
            rf"The image did not arrive \(.+\){AGAIN}",
        ),
    ),
    Group(
        "download",
        "trouble that passes",
        None,
        "result",
        "yes",
        "yes",
        (
            Row("500", "download:500*1", "Completed"),
            Row("429", "download:429*1", "Completed"),
            Row("half an image", "download:cut*1", "Completed"),
            Row("an image without its end", "download:short*1", "Completed"),
            Row("a dropped socket", "download:drop*1", "Completed"),
            Row("another content type", "download:wrong_type", "Completed"),
            Row("a redirect to another host", "download:redirect_host@v3.fal.media", "Completed"),
        ),
    ),
    Group(
        "download",
        "no image",
        "ResultError",
        "resumable",
        "yes",
        "yes",
        (
            Row(
                "a web page",
                "download:html",
                rf"The image came as a web page instead of an image{AGAIN}",
            ),
            Row(
                "JSON",
                "download:not_json",
                rf"The image came as a web page instead of an image{AGAIN}",
            ),
            Row("no byte", "download:empty", rf"The image is empty{AGAIN}"),
            Row(
                "other bytes",
                "download:garbage",
                r"Pillow can't read the file that fal sent \(.+\)\. Its bytes are kept at "
                r"\S+; call sd\.resume\(\) to fetch it again\.",
            ),
        ),
    ),
    Group(
        "download",
        "not safe to take",
        "ResultError",
        "resumable",
        "yes",
        "yes",
        (
            Row(
                "no end",
                "download:endless",
                rf"The image is larger than any image of Seedream{AGAIN}",
            ),
            Row(
                "a redirect to http",
                "download:redirect_http",
                r"The image is sent on to an address that is not safe to fetch: http://\S+\. The "
                r"request is billed; .+ again\.",
            ),
            Row(
                "redirects without an end",
                "download:redirect_loop",
                rf"The image is redirected too often{AGAIN}",
            ),
        ),
    ),
)
