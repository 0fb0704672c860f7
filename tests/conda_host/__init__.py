"""A Miniconda host for tests: a self-extracting installer, the conda that it installs, and a server on loopback."""
