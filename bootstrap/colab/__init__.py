"""`groundwork colab`: a hosted notebook's runtime prepared without changing a file that it came with."""
