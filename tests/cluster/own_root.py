"""usage: own_root.py COMMAND...

Runs a command with the chroot that this process is in as the root of its mount namespace, which must be a new one. A
process that enters the namespace of a container (kubectl exec) gets to that namespace's root, which without this would
be the machine's; and what is mounted in a chroot may show outside, since its mounts still propagate."""

import ctypes
import os
import sys

CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]

libc = ctypes.CDLL(None, use_errno=True)


def must(what, result):
    if result != 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


chroot = os.open("/", os.O_PATH | os.O_DIRECTORY)
namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
must("setns", libc.setns(namespace, CLONE_NEWNS))  # to the one it is in: from the chroot to the namespace's root
must("mount --make-rprivate /", libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
os.fchdir(chroot)
folder = os.getcwd()
must("mount --rbind", libc.mount(b".", b".", None, MS_BIND | MS_REC, None))
os.chdir(folder)  # onto the mount
must("pivot_root", libc.syscall(SYS_PIVOT_ROOT, b".", b"."))
must("umount", libc.umount2(b".", MNT_DETACH))
os.chdir("/")
os.execv(sys.argv[1], sys.argv[1:])
