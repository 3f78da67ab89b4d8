"""What real clients see, run in an environment of their own against a server whose address they are given.

``test_guests`` runs these files; they know nothing of the service but what its clients know.
"""
