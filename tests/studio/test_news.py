"""The page is told soon, never at the engine's cost, and no studio is kept alive for it."""

from __future__ import annotations

import threading
import time
import weakref

from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio.news import News
from tests.memory import let_go
from tests.scripted import until


class Told:
    def __init__(self):
        self.times = 0

    def tell(self):
        self.times += 1


def test_a_burst_of_changes_is_told_once_and_a_change_after_it_again():
    told, lock = Told(), threading.RLock()
    news = News(shared(), lock, told.tell)
    with lock:  # nothing is told before all of them have come to the engine
        for _ in range(50):
            news.tell_soon()
        shared().start(_soon()).result(60)
    until(lambda: told.times)
    time.sleep(0.3)
    assert told.times == 1
    news.tell_soon()
    until(lambda: told.times == 2)


def test_a_lock_that_is_held_for_long_stops_nothing_and_loses_nothing():
    told, lock = Told(), threading.RLock()
    with lock:
        news = News(shared(), lock, told.tell)
        news.tell_soon()
        time.sleep(0.3)
        assert shared().start(_soon()).result(60) == "the engine goes on"
        assert told.times == 0
    until(lambda: told.times == 1)


async def _soon():
    return "the engine goes on"


def test_it_keeps_nothing_alive():
    told = Told()
    news, ref = News(shared(), threading.RLock(), told.tell), weakref.ref(told)
    news.begin()
    until(lambda: ref().times)
    del told
    let_go(ref)
