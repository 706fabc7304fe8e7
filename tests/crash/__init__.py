"""Kernels that are killed, and the kernels that come after them."""
