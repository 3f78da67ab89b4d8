"""One module for each wire language; each only translates to and from the engine."""
