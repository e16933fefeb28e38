"""Agreement of MLPerf LoadGen and our harness: one process, one session, in turns."""
