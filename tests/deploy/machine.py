"""This machine, seen through a layer that takes every change and is thrown away: packages can be installed in it.

It has file systems, processes and a network (loopback) of its own. No systemd runs in it.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess

from running import WITHIN_S

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
NAMESPACES = ["--mount", "--net", "--pid"]
# The first process ends when its input does, and every other one with it. Its number is the one outside.
FIRST = """
set -e
read -r pid rest </proc/self/stat
mount -t tmpfs pixelgate "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o lowerdir=/,upperdir="$1/changes",workdir="$1/work" pixelgate "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs pixelgate "$1/root/run"
mount -t tmpfs -o mode=1777 pixelgate "$1/root/tmp"
cp "$2" "$1/root/tmp/package.deb"
ip link set lo up
# Only now: whoever knows the number enters the root that the process has at that moment.
exec chroot "$1/root" sh -c 'echo "$1" && exec cat' sh "$pid"
"""


class Machine:
    """Where commands run as root."""

    def __init__(self, first):
        self._enter = [*AS_ROOT, "nsenter", "--target", first, *NAMESPACES, "--root", "--wd", "--"]

    @classmethod
    @contextlib.contextmanager
    def with_package(cls, package, scratch):
        """One where `package` lies at /tmp/package.deb."""
        enter = [*AS_ROOT, "unshare", *NAMESPACES, "--fork", "--kill-child", "--", "sh", "-c", FIRST, "sh"]
        first = subprocess.Popen([*enter, scratch, package], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            pid = first.stdout.readline().strip()
            assert pid, "no machine: this takes root and a kernel with overlayfs"
            machine = cls(pid)
            # Never the machine itself.
            assert machine.exists("/tmp/package.deb")
            yield machine
        finally:
            first.stdin.close()
            first.wait(WITHIN_S)
            first.stdout.close()

    def run(self, *command, status=0):
        """What the command says, which must end with `status`."""
        done = subprocess.run(
            [*self._enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=10 * WITHIN_S, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == status, f"{command} ended with {done.returncode}: {done.stdout}"
        return done.stdout

    def start(self, *command):
        """The process of a command that runs on, and its output."""
        return subprocess.Popen(
            [*self._enter, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )

    def write(self, path, text, mode="644"):
        """A file with this text."""
        self.run("sh", "-c", 'printf %s "$1" >"$2" && chmod "$3" "$2"', "sh", text, path, mode)

    def exists(self, path):
        """Whether the path is there."""
        return self.run("sh", "-c", 'test -e "$1" && echo yes || echo no', "sh", path) == "yes\n"


class Service:
    """A systemd unit that is run without systemd: its exact command as its user, with its folder and privileges."""

    def __init__(self, machine, unit):
        self._machine = machine
        self.settings = {}
        for line in machine.run("cat", unit).splitlines():
            name, separator, value = line.partition("=")
            if separator and not line.startswith("#"):
                self.settings.setdefault(name, []).append(value)

    def one(self, name):
        """The value of a setting that stands there once."""
        value, = self.settings[name]
        return value

    @contextlib.contextmanager
    def running(self, *around):
        """Its process, with `around` before its command, as far as it is not told to stop."""
        user, group, folder = self.one("User"), self.one("Group"), self.one("WorkingDirectory")
        assert folder == f"/var/lib/{self.one('StateDirectory')}"
        mode = self.one("StateDirectoryMode")
        self._machine.run("install", "--directory", f"--mode={mode}", f"--owner={user}", f"--group={group}", folder)
        may = ",".join(name.lower().replace("cap_", "+") for name in self.one("CapabilityBoundingSet").split())
        assert self.one("AmbientCapabilities") == self.one("CapabilityBoundingSet")
        privileges = [f"--{kind}=-all,{may}" for kind in ("bounding-set", "inh-caps", "ambient-caps")]
        drop = ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--no-new-privs", *privileges]
        enter = f'umask {self.one("UMask")} && cd {folder} && echo $$ >/run/service.pid && exec "$@"'
        command = [*drop, *around, *self.one("ExecStart").split()]
        process = self._machine.start("sh", "-c", enter, "sh", *command)
        try:
            yield process
        finally:
            if process.poll() is None:
                self._machine.run("sh", "-c", "kill -KILL $(cat /run/service.pid)")
            process.communicate()

    def stop(self, process):
        """What it said until it ended, as it must, well and in time."""
        self._machine.run("sh", "-c", "kill -TERM $(cat /run/service.pid)")
        said, _ = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0, said
        return said


def copy_of(binary, folder):
    """The folder as cargo's, with the binary where a release stands."""
    release = pathlib.Path(folder) / "release"
    release.mkdir(parents=True)
    shutil.copy2(binary, release / "pixelgate")
    return folder
