"""What is left of a system in an AWS account after it was destroyed, by tags and names; with calls that only read.

``kinds`` says why each kind stays and how it is removed, ``collect`` asks AWS, ``cli`` prints.
"""
