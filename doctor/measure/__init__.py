"""Which source of a kind to use: all are asked at once for a real object, and what comes is read before it counts.

`samples` says what is asked of each kind and how it is judged, `tape` does the asking, `race` runs all of them against
the clock and puts them in order, `here` tells one network from another. Nothing is written.
"""
