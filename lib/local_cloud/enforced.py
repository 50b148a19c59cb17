"""The emulator, with its IAM enforced: a role that lacks a permission is denied, as on AWS.

Run as a file and not as a module: the functions that it starts inherit its environment, and need none of this checkout.
"""

import os


def enforce() -> None:
    """Switch the emulator's IAM on, before anything else of it is imported.

    Policies refuse what comes without TLS. Loopback has none, so every request counts as one that came over TLS.
    """
    os.environ["AUTH"] = "true"
    from ministack.core.iam_evaluator import EvalContext  # pylint: disable=import-outside-toplevel

    EvalContext.secure_transport = property(lambda _context: True, lambda _context, _value: None)


def main() -> None:
    """Start the emulator."""
    enforce()
    from ministack import app  # pylint: disable=import-outside-toplevel  # it reads AUTH when it is imported

    app.main()


if __name__ == "__main__":
    main()
