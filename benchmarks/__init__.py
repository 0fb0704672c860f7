"""`make bench`: whole commands side by side in one run, so that a claim about speed is a ratio and not a wish."""
