"""``python -m lib.kinesis_pipeline.simulation``."""

from lib.kinesis_pipeline.simulation.cli import main

raise SystemExit(main())
