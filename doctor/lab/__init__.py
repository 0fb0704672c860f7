"""What is known of JupyterLab: its files, its process, and what is wanted of it."""
