"""The AWS of your laptop: an emulator, a real PostgreSQL, and the IaC tools pointed at them."""
