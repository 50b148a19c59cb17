"""What the auditor's tests share.

auditor   runs it in this process against a cloud
server    answers as AWS does, with pages, rates and faults
content   what an account has
answers   how each service writes it
prices    price list files
floor     how fast a program could be that only asks
judges    what judges its reports
browser   opens its page
"""
