"""Compares two runs: ``digit-infer bench compare``.

``runs`` reads each file as a ``Run``: subjects with one sample per metric. ``pairing`` pairs the subjects of two
runs, ``estimate`` has the change between two samples with its confidence interval, and ``judgement`` the verdict.
"""
