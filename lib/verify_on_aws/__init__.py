"""A whole life of a system in an AWS account: deployed, tested, changed, destroyed, made again, destroyed.

cli        what is asked for, what is refused, the question before anything begins
estimate   what it costs and how long it takes, from the documents and from earlier evidence
run        the steps, and what happens when one fails or is interrupted
aws        each step in an account, by the tools that a user has
local      each step on the local cloud
evidence   the file that is written
"""
