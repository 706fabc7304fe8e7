"""Dates as pandas and numpy give them are dates."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

import seedream_widgets as sd

NOT_DATES = (np.datetime64("NaT"), pd.NaT, np.array(["2026-01-01"], "M8[D]"), 1767225600)


@pytest.mark.parametrize("value", NOT_DATES, ids=repr)
def test_nat_is_no_date(value):
    for field in ("since", "until"):
        with pytest.raises(sd.RequestError, match="takes a datetime, a date or text") as caught:
            sd.library.search(**{field: value})
        assert caught.value.field == field


@pytest.mark.slow
def test_dates_of_pandas_and_numpy_are_dates():
    sd.generate("a fox", image_size=(1024, 1024), seed=3)
    now = datetime.now(timezone.utc)
    past, future = (pd.Timestamp(now + timedelta(days=days)) for days in (-2, 2))
    for since, until in (
        (past, future),
        (past.tz_localize(None), future.tz_localize(None)),
        (past.tz_convert("Asia/Tokyo"), future.tz_convert("Asia/Tokyo")),
        (past.to_datetime64(), future.to_datetime64()),
        (past.to_datetime64().astype("M8[D]"), future.to_datetime64().astype("M8[D]")),
        (past.to_datetime64().astype("M8[s]"), future.to_datetime64().astype("M8[s]")),
    ):
        assert len(sd.library.search(since=since, until=until)) == 1, (since, until)
        assert len(sd.library.search(since=until)) == 0
        assert len(sd.library.search(until=since)) == 0
    today = np.datetime64(datetime.now(), "D")
    assert len(sd.library.search(until=today)) == 1  # a day counts as a whole, as a date's does
    assert len(sd.spending(since=past)) == 0
