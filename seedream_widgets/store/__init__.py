"""Results on disk, and a search over them."""

from seedream_widgets.store.entry import Entry as Entry
from seedream_widgets.store.library import Library as Library
from seedream_widgets.store.search import Search as Search
