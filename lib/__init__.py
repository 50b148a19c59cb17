"""TAP: AWS reference stacks that can be trusted."""
