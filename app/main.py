"""The application that servers find: ``uvicorn app.main:app``, ``hypercorn app.main:app``, ``fastapi run``.

It is made when this module is imported. Whoever wants another one calls ``application.create_app``.
"""

from app.application import create_app

app = create_app()
