"""Renderers: one envelope behind all of them."""
