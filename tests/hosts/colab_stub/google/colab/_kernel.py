"""A kernel with Colab's shell."""

from google.colab import _shell
from ipykernel.ipkernel import IPythonKernel
from traitlets import Type


class Kernel(IPythonKernel):
    """A kernel of Colab's."""

    shell_class = Type(_shell.Shell)
