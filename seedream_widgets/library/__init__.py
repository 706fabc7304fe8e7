"""What is on disk: results, their search index, the journal of requests, uploads and more."""

from seedream_widgets.library.entry import Entry as Entry
from seedream_widgets.library.library import Library as Library
from seedream_widgets.library.search import Search as Search
