"""The pipeline's: a stream, its event source mapping, events to send."""
