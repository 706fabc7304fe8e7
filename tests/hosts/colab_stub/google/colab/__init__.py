"""As much of Colab's package as a widget meets: it can't be installed outside of Colab."""

from google.colab import errors, output, userdata

__all__ = ["errors", "output", "userdata"]
