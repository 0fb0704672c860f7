"""Faults that nobody had in mind when the checks were written: found by trying what people do."""
