"""Setup as a person runs it, hit by all that happens on a rented server: killed, out of disk, twice at once, cut off."""
