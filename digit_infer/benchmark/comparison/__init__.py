"""Compares two runs: ``digit-infer bench compare``.

``runs`` reads each file as a ``Run``: subjects with one sample per metric. ``pairing`` pairs the subjects of two
runs, ``disturbance`` removes disturbed blocks, ``interval`` has the confidence interval of a change, and ``judgement``
the verdict.
"""
