"""JupyterLab's life and its way in: server, password, what a person is told."""
