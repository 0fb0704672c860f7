"""What pip and uv are told by files and variables of the person: the sources they ask, and what stops them."""
