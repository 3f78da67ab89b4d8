"""The Python client of ``clients/python``, mostly over the application in this process."""
