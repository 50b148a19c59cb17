"""Makes the AWS bindings load what is imported of them, and nothing else.

The package's own ``__init__`` imports all of its 2,200 submodules, one for each kind of resource: most of a minute and
more than a gigabyte, for a stack that uses some sixty. None of the submodules needs the others, or anything that
the ``__init__`` defines; they need a package of that name with a search path. So a package that is found but never
executed takes its place in ``sys.modules`` before anything asks for it, and an import such as
``from cdktf_cdktf_provider_aws.vpc import Vpc`` loads one submodule.

Behind the bindings is the same package in JavaScript, whose index requires every one of its files too. A script that
Node is told to run first (bindings.js) makes that happen on demand. What is synthesised is the same to the byte with
and without, which a test shows.

``lib/disaster_recovery/__init__.py`` calls this, so it has happened before any file of the folder runs, and before the
first import of CDKTF starts Node.
"""

import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = "cdktf_cdktf_provider_aws"
NODE_OPTIONS = "NODE_OPTIONS"
PRELOADED = f'--require="{Path(__file__).with_suffix(".js")}"'


def load_on_demand() -> None:
    """Put the package, not executed, where Python looks first, and tell Node to be as lazy.

    Where the package was imported in the ordinary way before, or is not installed at all (the settings need no
    IaC tool), nothing changes.
    """
    if PACKAGE in sys.modules:
        return
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None:
        sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
        options = os.environ.get(NODE_OPTIONS, "")
        if PRELOADED not in options:
            os.environ[NODE_OPTIONS] = f"{options} {PRELOADED}".strip()
