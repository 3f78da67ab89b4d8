"""Clients of the service: ``python`` is written by hand, those of ``generated`` are made from the OpenAPI document.

``build`` makes what is published of them; ``python -m clients`` does so into dist/clients.
"""
