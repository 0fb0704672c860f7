"""The word `manifest`: compare the manifests in configs/models with what an endpoint has, and take it over."""
