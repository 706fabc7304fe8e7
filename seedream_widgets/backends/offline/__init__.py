"""The offline backend: draws pictures locally, without a key, a network or costs."""

from seedream_widgets.backends.offline.backend import OfflineBackend as OfflineBackend
