"""Making environments: which manager, and how conda and uv are called."""
