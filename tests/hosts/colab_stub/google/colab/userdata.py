"""Colab's secrets; here the file that COLAB_SECRETS names stands in for the page's answer."""

import json
import os
from pathlib import Path

from google.colab import errors


class NotebookAccessError(Exception):
    """The notebook was not given access to the secret."""


class SecretNotFoundError(errors.Error):
    """There is no such secret."""


def get(key: str) -> str:
    """Return a secret."""
    path = os.environ.get("COLAB_SECRETS")
    secrets = json.loads(Path(path).read_text()) if path else {}
    if key not in secrets:
        raise SecretNotFoundError(f"Secret {key} does not exist.")
    if not secrets[key]["access"]:
        raise NotebookAccessError(f"Notebook does not have access to secret {key}")
    return str(secrets[key]["payload"])
