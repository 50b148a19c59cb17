"""A small shop's API: products and orders in PostgreSQL. ``app:create_app()`` is the WSGI application."""

from .api import create_app

# What the image starts, with the folder above this one as the working directory.
COMMAND = ("python", "-m", "gunicorn", "--config", "python:app.gunicorn_config", "app:create_app()")

__all__ = ["COMMAND", "create_app"]
