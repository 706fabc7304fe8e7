"""A local server that speaks S3 (moto), with or without conditional puts."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BUCKET = "foxes"


class S3Server:
    """Serve one bucket on a free port, in a thread of this process.

    Attributes:
        env: What other programs need in their environment to find it.
        puts: How many objects were put, to count what is copied.
        conditional: Whether it heeds ``If-None-Match``; older stores pass it over.
    """

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of each request
        self._app = DomainDispatcherApplication(create_backend_app)
        self._one = threading.Lock()
        self.puts = 0
        self.conditional = True
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.env = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FSSPEC_S3": json.dumps({"endpoint_url": self.url}),
        }

    def _serve(self, environ: dict[str, Any], answer: Callable[..., Any]) -> Iterable[bytes]:
        # moto looks whether an object is there and then puts it; S3 itself does that in one step.
        with self._one:
            self.puts += environ["REQUEST_METHOD"] == "PUT"
            if not self.conditional:
                environ.pop("HTTP_IF_NONE_MATCH", None)
            return list(self._app(environ, answer))

    def names(self) -> list[str]:
        """Return the keys of all objects."""
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def put(self, name: str, data: bytes) -> None:
        self._client().put_object(Bucket=BUCKET, Key=name, Body=data)

    def get(self, name: str) -> bytes:
        return self._client().get_object(Bucket=BUCKET, Key=name)["Body"].read()

    def _client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing-secret",
        )

    def __enter__(self) -> S3Server:
        self._thread.start()
        self._client().create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        import moto.backends

        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        moto.backends.get_backend("s3").reset()
