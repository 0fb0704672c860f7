"""The kernels that the person's Jupyter offers, and the environments that they run in."""
