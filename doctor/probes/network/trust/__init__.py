"""Whom to trust: the certificates that programs would use, and those that hosts present."""
