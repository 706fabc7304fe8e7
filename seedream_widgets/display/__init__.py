"""How results show themselves without a kernel."""
