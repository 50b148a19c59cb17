"""Pictures of what a system declares: read from a template, a program or a configuration, laid out, written as SVG."""
