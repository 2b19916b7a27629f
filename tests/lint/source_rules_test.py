"""Each rule of source_rules.py meets a tree that breaks it, and one that does not."""
import pathlib
import tempfile
import unittest

import source_rules


def violations(name, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return list(source_rules.check(pathlib.Path(folder)))


class SourceRules(unittest.TestCase):
    def breaks(self, name, text, expected):
        found = violations(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def keeps(self, name, text):
        self.assertEqual(violations(name, text), [])

    def test_a_room_includes_only_what_it_may(self):
        self.breaks("src/balance/a.h", '#include "net/socket.h"\n', "src/balance/a.h:1: balance/ may not include net/")
        self.breaks("src/operator/a.cc", '#include "sidecar/a.h"\n', "operator/ may not include sidecar/")
        self.keeps("src/balance/a.h", '#include "model/endpoint_set.h"\n#include "result/result.h"\n')

    def test_a_pure_room_has_no_sockets_threads_or_clocks(self):
        self.breaks("src/http/a.cc", "#include <sys/socket.h>\n", "http/ is pure and may not know sockets")
        self.breaks("src/model/a.cc", "#include <thread>\n", "model/ is pure and may not know threads")
        self.breaks("src/feed/a.cc", "auto t = std::chrono::steady_clock::now();\n", "feed/ is pure and may not know a clock")
        self.breaks("src/balance/a.cc", "std::random_device seed;\n", "balance/ is pure and may not know randomness")
        self.keeps("src/net/a.cc", "#include <sys/socket.h>\n#include <thread>\n")
        self.keeps("src/model/a.h", "/// Needs no steady_clock.\n")

    def test_a_library_stays_behind_its_room(self):
        self.breaks("src/net/a.cc", "#include <httplib.h>\n", "only a .cc of kube/")
        self.breaks("src/kube/a.h", "#include <httplib.h>\n", "only a .cc of kube/")
        self.breaks("src/sidecar/a.cc", "#include <prometheus/counter.h>\n", "only metrics/")
        self.breaks("src/http/syntax.cc", "#include <nghttp2/nghttp2.h>\n", "only http/'s http2_session*.cc")
        self.breaks("src/http/http2_session.h", "#include <nghttp2/nghttp2.h>\n", "only http/'s http2_session*.cc")
        self.breaks("src/init/main.cc", "#include <nftables/libnftables.h>\n", "only init/nftables.cc")
        self.keeps("src/kube/client.cc", "#include <httplib.h>\n")
        self.keeps("src/http/http2_session.cc", "#include <nghttp2/nghttp2.h>\n")

    def test_every_room_is_known(self):
        self.breaks("src/attic/a.cc", "", "no such room")

    def test_names_say_something(self):
        self.breaks("tests/helpers/a.cc", "", "a name that says nothing")

    def test_files_are_short(self):
        self.breaks("src/net/a.cc", "\n" * 601, "longer than 600 lines")
        self.keeps("src/net/a.cc", "\n" * 600)

    def test_nothing_is_left_to_do(self):
        self.breaks("src/net/a.cc", "// TO" "DO: later\n", "unfinished work")
        self.keeps("src/net/a.cc", "// what is to do next\n")


if __name__ == "__main__":
    unittest.main()
