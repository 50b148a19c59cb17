"""Asks an AWS account whether systems can be deployed to it, before the first deployment.

    scripts/check_account                        every system, with its settings from the environment
    scripts/check_account payment --region R     one system, in another region than lib/AWS_REGION
    scripts/check_account payment --fix          and create what belongs to the account, after a question for each
    scripts/check_account iam-policy payment     print the IAM policies that its deployer needs

Exit status: 0 nothing has to be changed, 1 something has to be, 2 wrong usage, 3 something could not be asked.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lib.check_account.cli import main  # noqa: E402  # pylint: disable=wrong-import-position

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
