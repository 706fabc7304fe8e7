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
    """For one upload, fal_client's retries and its second way included."""
    call: float = 60.0
    """For one status, result or cancel request, fal_client's retries included."""
    first_event: float = 5.0
    """For the status stream's first event; then the job is polled instead."""
    silence: float = 20.0
    """Between two events or comments of the stream; fal sends a comment every 15 s."""
    patience: float = 600.0
    """For failing to hear from fal while a paid job runs, before giving it up."""
    poll: tuple[float, float] = (0.25, 2.0)
    """Shortest and longest pause between a job's polls; between them 2 % of the time waited.
    Many jobs wait longer, as all together ask 200 times a second at most."""
    streams: int = 4
    """How often a job's stream is opened; one that was cut is opened again."""
    open_streams: int = field(default_factory=lambda: _share_of_files())
    """Streams open at once, each a socket; other jobs are polled until one is free."""
    requests: int = 8
    """Status and result requests in flight, all jobs together."""
    submits: int = 16
    """Submits in flight."""
    uploads: int = 4
    """Uploads in flight."""
    downloads: int = 8
    """Downloads in flight, slow ones not counted."""
    turn: float = 3.0
    """Seconds after which a download is slow: it goes on, and makes room for another."""
    slow: int = 24
    """Most slow downloads that make room."""
    attempts: int = 5
    """How often a download is tried."""
    stall: float = 30.0
    """Without a byte of a download, before it is tried again."""
    pace: tuple[int, float] = (100_000, 60.0)
    """Least bytes of a download in so many seconds: one that drips would never end."""
    redirects: int = 5
    """Redirects a download follows."""
    reply_bytes: int = 8 * MEGABYTE
    """Largest reply but a result's."""
    result_bytes: int = 500 * MEGABYTE
    """Largest result: with `sync_mode` its images are in it, in base64."""
    stream_bytes: int = 16 * MEGABYTE
    """Largest status stream of a job; one that says more is polled instead."""
    file_bytes: int = 200 * MEGABYTE
    """Largest output file."""
    files: int = 64
    """Most images in one output; the API's own ceiling is 36."""
    upload_age: float = 1800.0
    """How long an uploaded file's URL is used again unasked: an account may let files expire."""
    kept_age: float = 6 * 86_400.0
    """How long one is used again at all, where it still answers: fal's documentation promises
    seven days unless the account or the request asked for less."""
    answer: float = 5.0
    """For an uploaded file to answer whether it is still there, and a cancelled request whether
    it ran."""


def _share_of_files() -> int:
    """Return a quarter of the files that this process may have open: 64 on macOS, 256 at most."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit on sockets
        return 256
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 256 if most == resource.RLIM_INFINITY else max(8, min(most // 4, 256))
