"""Faults that people have reported in public, each recreated from its report."""
