"""GPUs and drivers that are broken, each next to the machine on which all is well."""
