"""The rules on what is declared: each yields what is wrong as ``<resource>: <what, with the value>``."""
