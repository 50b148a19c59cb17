"""What a load, a burst or an outage does to the pipeline: a discrete-event simulation, its table and its picture."""
