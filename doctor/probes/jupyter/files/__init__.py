"""The person's files: where Jupyter looks for them, what they say, and whether it may write beside them."""
