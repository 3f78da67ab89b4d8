"""Code and files that run the service on many machines."""
