"""Errors of Colab's package."""


class Error(Exception):
    """Any of them."""
