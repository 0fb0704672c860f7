"""Error texts: what one consists of, and the findings that it speaks of. No machine is looked at."""
