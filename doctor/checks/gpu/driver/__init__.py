"""The driver: its kernel module and its libraries, and whether they belong together."""
