import threading

import pytest


@pytest.fixture
def in_threads():
    """Run a function at once in two threads for each argument; return when all are done."""

    def run(target, arguments):
        threads = [threading.Thread(target=target, args=(argument,)) for argument in arguments for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
