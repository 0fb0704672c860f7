"""Which source of a kind to use: all are asked at once for a real object, and what comes is read before it counts.

`race` runs all of them (doctor/mirrors) against the clock and puts them in order, `offers` asks who has a build of torch, `here` tells
one network from another. Nothing is written.
"""
