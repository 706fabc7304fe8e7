"""Start a kernel as Colab does: its package is loaded before the first cell runs."""

from google.colab import _kernel
from ipykernel.kernelapp import IPKernelApp

if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=_kernel.Kernel)
