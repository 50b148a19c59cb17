"""What every system shares: standard library only, no engine."""
