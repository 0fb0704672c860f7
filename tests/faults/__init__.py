"""Installs that are really broken, then diagnosed from outside by the doctor as a person would start it, and mended."""
