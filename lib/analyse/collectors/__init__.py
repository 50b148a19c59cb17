"""The collectors, one a file. Each file has a ``COLLECTOR``: see ``lib.analyse.model.Collector``."""
