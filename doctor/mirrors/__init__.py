"""Where things can be had from, and what is right of them.

`table` is configs/mirrors.toml with what the person adds to it, `samples` says what is asked of each kind of source and how its answer
is judged, `tape` records one source. Nothing is written.
"""
