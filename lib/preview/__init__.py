"""Shows what a deployment would change, by the tool that would deploy: ``scripts/preview``."""
