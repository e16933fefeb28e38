"""Whether a second run is slower than a first: ``digit-infer bench compare``.

Each file is read as a ``Run``: subjects, each with a sample a metric. ``pairing`` pairs the subjects of two runs, ``quiet``
leaves out what the machine disturbed, ``interval`` says how sure the change is, and ``judgement`` decides.
"""
