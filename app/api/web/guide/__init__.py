"""The guide at /guide: README.md, the pages of ``docs`` and a table of every word of the language, made to be searched.

``markdown`` makes a text HTML and finds its sections, ``words`` writes the text of the table of words, ``book`` has all
pages and the index of the search, ``layout`` is the HTML around a page, ``routes`` answers. ``docs`` and ``README.md``
are links to the files of the repository; a wheel has copies.
"""

__all__ = ["routes"]
