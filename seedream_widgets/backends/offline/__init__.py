"""The embedded offline backend: pictures without a key, a network or a bill."""

from seedream_widgets.backends.offline.backend import OfflineBackend as OfflineBackend
