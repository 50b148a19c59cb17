"""What an AWS account has to have before a system is deployed to it for the first time: asked, compared, fixed.

``model`` has the words, ``account`` the clients, ``checks`` one module for each group of checks, ``run`` asks them side
by side, ``report`` prints. ``deployer_policy`` derives the policy that a deployer needs. boto3 is the only AWS library
here; what a system declares comes from :mod:`lib.declared`, which imports the system's own IaC tool when it is called.
"""
