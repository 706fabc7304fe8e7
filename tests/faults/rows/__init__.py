"""The fault matrix: every row is brought about by the test beside it."""

from __future__ import annotations

from .download import DOWNLOAD
from .model import MODEL
from .network import CANCEL, NETWORK
from .result import RESULT
from .submit import SUBMIT
from .upload import UPLOAD
from .watch import WATCH

GROUPS = (*UPLOAD, *SUBMIT, *WATCH, *MODEL, *RESULT, *DOWNLOAD, *CANCEL, *NETWORK)
