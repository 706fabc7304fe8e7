"""Shows results and jobs as static HTML or text, without widgets."""
