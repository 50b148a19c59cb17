"""The checks, one a file. Each file has a ``CHECK``: see ``lib.analyse.model.Check``."""
