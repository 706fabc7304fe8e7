"""What work takes of memory, and who still holds what should be gone."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import reprlib
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from inspect import isframe
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.scripted import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from weakref import ReferenceType

_LOOKED_AT = 400
_SHOWN = 5
_ROOTS = (ModuleType, Thread, asyncio.AbstractEventLoop, asyncio.Handle)


class Taken(NamedTuple):
    """Bytes that Python allocated for some work: what its result holds, and the most at once."""

    held: int
    peak: int


def taken(work: Callable[..., object], *arguments: Any) -> Taken:
    """Measure what `work`, a function of a module, takes in a process of its own.

    In this one, what threads of earlier tests allocate would count too. It is called twice: what
    the first call imports and caches does not count.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_taken, work, *arguments).result()


def _taken(work: Callable[..., object], *arguments: Any) -> Taken:
    work(*arguments)
    gc.collect()
    tracemalloc.start()
    kept = work(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return Taken(held, peak)


def let_go(gone: ReferenceType[Any]) -> None:
    """Wait until nothing holds an object any more; where something does, tell what."""
    end = time.monotonic() + SECONDS
    while gone() is not None:
        if time.monotonic() > end:
            raise AssertionError("\n".join(["it is still held:", *_holders(gone())]))
        gc.collect()
        time.sleep(0.02)


def _holders(held: object) -> Iterator[str]:
    """Tell chains of who refers to whom, from an object up to what Python itself holds."""
    below: dict[int, object] = {id(held): None}
    queue, shown = [held], 0
    ours = {id(below), id(queue)}
    for one in queue:
        holders = [each for each in gc.get_referrers(one) if not _is_here(each, ours)]
        new = [each for each in holders if id(each) not in below]
        below.update((id(each), one) for each in new)
        if one is not held and (not holders or isinstance(one, _ROOTS)):
            yield from _chain(one, below)
            shown += 1
        elif len(queue) < _LOOKED_AT:
            queue += new
        if shown == _SHOWN:
            return


def _is_here(each: object, ours: set[int]) -> bool:
    return id(each) in ours or (isframe(each) and each.f_code.co_filename == __file__)


def _chain(one: object, below: dict[int, object]) -> Iterator[str]:
    yield ""
    while one is not None:
        try:
            words = reprlib.repr(one)
        except Exception as error:
            words = f"({error!r})"
        yield f"  {type(one).__module__}.{type(one).__qualname__} {words}"
        one = below[id(one)]
