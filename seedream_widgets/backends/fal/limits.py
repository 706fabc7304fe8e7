"""How long the fal backend waits, how often it tries and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass, field

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds, and counts; tests make them small."""

    submit: float = 120.0
    """For the reply to a submit."""
    unreachable: float = 10.0
    """For trying to reach fal before a submit or upload is given up, nothing having been sent."""
    upload: float = 300.0
    """For one upload, with fal_client's retries and its fallback."""
    call: float = 60.0
    """For one status, result or cancel request, with fal_client's retries."""
    first_event: float = 5.0
    """For the status stream's first event; then the job is polled instead."""
    silence: float = 20.0
    """Between two events or comments of the stream; fal sends a comment every 15 s."""
    patience: float = 600.0
    """For hearing nothing from fal while a paid job runs, before giving it up."""
    poll: tuple[float, float] = (0.25, 2.0)
    """Shortest and longest pause between a job's polls; in between, 2 % of the time waited so far.
    With many jobs it is longer, as all together poll at most 200 times a second."""
    streams: int = 4
    """How often a job's status stream is opened; it is opened again if the connection is cut."""
    open_streams: int = field(default_factory=lambda: _share_of_files())
    """Streams open at once, each a socket; other jobs are polled until one is free."""
    requests: int = 8
    """Status and result requests in flight, all jobs together."""
    submits: int = 16
    """Submits in flight."""
    uploads: int = 4
    """Uploads in flight."""
    downloads: int = 8
    """Downloads in flight, not counting slow ones."""
    turn: float = 3.0
    """Seconds after which a download counts as slow: it goes on, and another may start."""
    slow: int = 24
    """The most slow downloads that are not counted."""
    attempts: int = 5
    """How often a download is tried."""
    stall: float = 30.0
    """Without a byte of a download, before it is tried again."""
    pace: tuple[int, float] = (100_000, 60.0)
    """The least bytes of a download in so many seconds: a trickle would never end."""
    redirects: int = 5
    """Redirects a download follows."""
    reply_bytes: int = 8 * MEGABYTE
    """Largest reply other than a result."""
    result_bytes: int = 500 * MEGABYTE
    """Largest result: with `sync_mode` its images are in it, in base64."""
    stream_bytes: int = 16 * MEGABYTE
    """Largest status stream of a job; after that the job is polled instead."""
    file_bytes: int = 200 * MEGABYTE
    """Largest output file."""
    files: int = 64
    """Most images in one output; the API's own ceiling is 36."""
    upload_age: float = 1800.0
    """How long an upload's URL is reused without checking it: an account may let files expire."""
    kept_age: float = 6 * 86_400.0
    """How long an upload's URL is reused at all, if the file is still there: fal's documentation
    promises seven days unless the account or the request asks for less."""
    answer: float = 5.0
    """For checking whether an uploaded file is still there, or whether a cancelled request ran."""


def _share_of_files() -> int:
    """Return a quarter of the files that this process may have open: 64 on macOS, 256 at most."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit on sockets
        return 256
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 256 if most == resource.RLIM_INFINITY else max(8, min(most // 4, 256))
