"""The AWS of your laptop: an emulator, a real PostgreSQL, and the engines pointed at them."""
