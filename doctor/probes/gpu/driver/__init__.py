"""The driver: its kernel module, its libraries and packages, and what the kernel says of it."""
