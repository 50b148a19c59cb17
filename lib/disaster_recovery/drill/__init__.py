"""The drill: payments go on while a region is lost; what is done, measured and shown."""
