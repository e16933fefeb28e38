"""MLPerf LoadGen and our own harness, in one process, on one session, in turns: do they say the same?"""
