"""Rows for what is between here and fal, and for the clock."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import UNHEARD, UPLOAD_LOST

UNREACHED = (
    r"fal can't be reached to send the request; nothing was sent{}\. Check the network and proxy, "
    r"then try again\."
)
UNTRUSTED = (
    r"fal can't be reached to send the request; nothing was sent \(ConnectError: "
    r".+CERTIFICATE_VERIFY_FAILED.+\)\. The certificate it shows is not trusted\. Set "
    r"SSL_CERT_FILE to the file .+, or have the system's certificates used: .+\. Then try again\."
)
CANCELLED = r"cancelled while it ran; fal may finish and bill it"
CANCEL = (
    Group(
        "cancel",
        "trouble: the request goes on",
        None,
        "result",
        "yes",
        "yes",
        tuple(
            Row(words, f"cancel:{kind}", "Completed", "cancelled")
            for kind, words in (
                ("401", "401"),
                ("500", "500"),
                ("nginx_504", "nginx 504"),
                ("drop", "a dropped socket"),
                ("hang", "a hung socket"),
            )
        ),
    ),
    Group(
        "cancel",
        "taken for done",
        "JobCancelled",
        "noted",
        "maybe",
        "yes",
        (Row("a web page", "cancel:html", CANCELLED, "cancelled"),),
    ),
    Group(
        "cancel",
        "it works while the model runs",
        "JobCancelled",
        "noted",
        "maybe",
        "maybe",
        (Row("none", "", CANCELLED, "cancelled"),),
    ),
)
NETWORK = (
    Group(
        "network",
        "fal is out of reach before a submit",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row(
                "no such name",
                "",
                UNREACHED.format(r" \(ConnectError: .*[Nn]ame.*\)"),
                "no such name",
            ),
            Row("refused", "", UNREACHED.format(r" \(ConnectError: .+\)"), "refused"),
            Row("hung", "", UNREACHED.format(r" \(ReadTimeout: \)"), "hung"),
            Row(
                "untrusted certificate",
                "",
                UNTRUSTED,
                "distrusted",
            ),
            Row(
                "TLS cut",
                "connect:tls@queue.fal.run",
                UNREACHED.format(r" \(ConnectError: .*\)"),
                "connect",
            ),
            Row(
                "proxy says 502",
                "connect:502@queue.fal.run",
                UNREACHED.format(r"( \(.+\))?"),
                "connect",
            ),
            Row(
                "proxy cuts",
                "connect:close@queue.fal.run",
                UNREACHED.format(r" \(RemoteProtocolError: .+\)"),
                "connect",
            ),
            Row(
                "proxy hangs",
                "connect:hang@queue.fal.run",
                UNREACHED.format(r" \(ReadTimeout: \)"),
                "connect",
            ),
        ),
    ),
    Group(
        "network",
        "fal's storage is out of reach",
        "BackendError",
        "noted",
        "no",
        "no",
        (
            Row("storage cut", "connect:close@rest.fal.ai", UPLOAD_LOST, "connect"),
            Row("storage hangs", "connect:hang@rest.fal.ai", UPLOAD_LOST, "connect"),
        ),
    ),
    Group(
        "network",
        "fal's files are out of reach",
        "ResultError",
        "resumable",
        "yes",
        "yes",
        (
            Row(
                "files cut",
                "connect:close@v3.fal.media",
                r"The image did not arrive \(.+\): https://.+ sd\.resume\(\) .+",
                "connect",
            ),
            Row(
                "files hang",
                "connect:hang@v3.fal.media",
                r"The image did not arrive \(.+\): https://.+ sd\.resume\(\) .+",
                "connect",
            ),
        ),
    ),
    Group(
        "network",
        "trouble that passes",
        None,
        "result",
        "yes",
        "yes",
        (
            Row("TLS cut once", "connect:tls*1@queue.fal.run", "Completed", "connect"),
            Row("fal restarts while it runs", "", "Completed", "restart"),
            Row("clock set an hour forward", "", "Completed", "clock an hour forward"),
            Row("clock set an hour back", "", "Completed", "clock an hour back"),
            Row("clock set a year back", "", "Completed", "clock a year back"),
        ),
    ),
    Group(
        "network",
        "fal goes away while it runs",
        "BackendError",
        "resumable",
        "maybe",
        "yes",
        (
            Row(
                "outage",
                "",
                UNHEARD,
                "outage",
            ),
        ),
    ),
)
