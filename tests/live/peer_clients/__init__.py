"""Checks with real clients, run in the environment of the clients against a server whose address they are given.

``test_peer_clients`` runs these files. They use only what the clients use.
"""
