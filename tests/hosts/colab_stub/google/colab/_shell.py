"""The shell by whose name a package knows that it runs in a notebook of Colab's."""

from ipykernel.zmqshell import ZMQInteractiveShell


class Shell(ZMQInteractiveShell):
    """A shell of Colab's."""
