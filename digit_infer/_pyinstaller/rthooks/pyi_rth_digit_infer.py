"""Runs in a frozen app before the app: there, ``sys.executable`` is the app, and takes no ``-m``.

digit_infer starts its worker processes by ``python -m digit_infer.…``. In a frozen app that starts the app again, so here
the module is run, and then the process ends before the app begins.
"""

import sys

words = sys.argv[2:] if sys.argv[1:2] == ["-P"] else sys.argv[1:]
if words[:1] == ["-m"] and words[1:2] and words[1].startswith("digit_infer."):
    import runpy

    sys.argv = words[1:]
    runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    sys.exit()
