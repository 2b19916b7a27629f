"""usage: run_tests.py MODULE.CLASS. Runs the tests of a class in the cluster; exit status 77 if there is none."""

import sys
import unittest

import cluster

if __name__ == "__main__":
    if not cluster.is_up():
        print("no cluster: cluster/Up tells why")
        sys.exit(77)
    unittest.main(module=None, argv=["run_tests.py", "--verbose", *sys.argv[1:]])
