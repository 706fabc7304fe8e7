"""Every public name with a worked example: tested here, and written into REFERENCE.md."""
