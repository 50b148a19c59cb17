"""What every system shares: standard library only, no IaC tool."""
