"""The widgets: views of the same client, jobs and results that a script uses."""

from seedream_widgets.studio.widget import Studio as Studio
