"""What runs the service on many machines."""
