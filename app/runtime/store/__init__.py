"""Stores of bytes that outlive the process: on disk and shared by machines. Bytes that are read are authenticated."""

__all__ = ["disk", "remote"]
