"""What is published of the clients: ``python -m deploy.clients`` writes it to dist/clients, ``build`` makes it.

``clients/python`` is written by hand. Two more are made from the OpenAPI document: ``python`` and ``typescript`` have
what their packages add to it.
"""
