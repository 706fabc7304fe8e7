"""The widgets: views over the same client, jobs and results a script uses."""

from seedream_widgets.studio.widget import Studio as Studio
