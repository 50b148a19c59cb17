"""Copies one system out of this repository, as a project of its own: ``scripts/copy_system``.

closure      which files of the repository its code and its tests need, and which packages
documents    its documents, without what holds in this repository only
project      what is written for the copy: README, CI, pyproject, its registry, the commands
copy         all of it together
"""
