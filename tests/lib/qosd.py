# SPDX-License-Identifier: GPL-2.0-or-later
"""
ipsec-qosd in a machine of its own, between a stand-in for charon's plugin and the
module, which these load and unload. DAEMON_WRAPPER, e.g. valgrind, is put before
the daemon.
"""
import ctypes
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from feed_client import CHARON, COMMAND, Client

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
DAEMON = os.environ.get("DAEMON", os.path.join(TOP, "build/bin/ipsec-qosd"))
COMMAND_BIN = os.path.join(TOP, "build/bin/ipsec-qos")
MODULE = os.path.join(TOP, "build/kmod", os.uname().release, "ipsec_qos.ko")
WRAPPER = os.environ.get("DAEMON_WRAPPER", "").split()
# How much longer things may take than on a real machine: an emulated one that
# shares its processors, or one with a wrapper such as valgrind.
SLOW = (10 if WRAPPER else 3) * int(os.environ.get("SLOW", 1))
ROOM = tempfile.mkdtemp(prefix="qosd.")
CONF = ROOM + "/qosd.conf"
SOCK = ROOM + "/run/qosd.sock"
LOG = ROOM + "/log"
LEASES = ROOM + "/lib/leases"

FIRST = """
group gold { id = 1  mark = 0x10/0xff0 }
group silver { id = 2  mark = 0x20/0xff0 }
profile a { identity = "*.a.example"  group = gold }
profile b { identity = "*.b.example"  group = silver }
"""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def run(*command, check_status=True):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if check_status and done.returncode:
        raise AssertionError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


def ipsec_qos(*args):
    return run(COMMAND_BIN, *args)


def show(what):
    return json.loads(ipsec_qos("-j", what, "show"))


def sas():
    return {(sa["dst"], sa["spi"]): sa["group"] for sa in show("sa")}


def ikes():
    return {(ike["spi_i"], ike["spi_r"]): ike["group"] for ike in show("ike")}


def groups():
    return {g["name"]: (g["id"], g["mark"]) for g in show("group")}


def eventually(what, condition, timeout=1):
    """Await a condition; by default within the second that is promised."""
    end = time.monotonic() + timeout * SLOW
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (timeout, what))
        time.sleep(0.02)


def check_prompt(times):
    """
    Answers within what the plugin waits for. The median of them: a machine that
    shares its processors stops now and then.
    """
    print("  %d answers, median %.0f ms, slowest %.0f ms" % (
        len(times), statistics.median(times) * 1000, max(times) * 1000))
    check(statistics.median(times) < 0.2, "longer than the plugin waits")


def write_conf(text):
    with open(CONF, "w", encoding="utf-8") as f:
        f.write(text)


def insmod():
    run("insmod", MODULE)


def rmmod():
    if os.path.exists("/sys/module/ipsec_qos"):
        run("rmmod", "ipsec_qos")


class Daemon:
    """The daemon, ready; sd_notify tells."""

    running = []

    def __init__(self, conf=FIRST):
        if conf:
            write_conf(conf)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = "\0qosd.%d.%d" % (os.getpid(), id(self))
        self.notify.bind(name)
        self.log_start = os.path.getsize(LOG) if os.path.exists(LOG) else 0
        env = dict(os.environ, NOTIFY_SOCKET="@" + name[1:])
        with open(LOG, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                WRAPPER + [DAEMON, "-d", "-c", CONF, "-S", SOCK, "-l", LEASES],
                stderr=log, env=env)
        Daemon.running.append(self)
        self.ready = threading.Semaphore(0)
        threading.Thread(target=self.read_notify, daemon=True).start()
        self.await_ready()

    def await_ready(self):
        check(self.ready.acquire(timeout=10 * SLOW), "it is not ready")

    def read_notify(self):
        while True:
            message = self.notify.recv(4096)
            if b"READY=1" in message:
                self.ready.release()
            if message == b"END":
                return

    def log(self):
        with open(LOG, encoding="utf-8") as log:
            log.seek(self.log_start)
            return log.read()

    def said(self, pattern):
        return len(re.findall(pattern, self.log()))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        """Seconds of processor time so far."""
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(10 * SLOW)
        check(status == 0, "the daemon ended with %d" % status)
        check(not os.path.exists(SOCK), "it left its socket")

    def __enter__(self):
        return self

    def __exit__(self, kind, *what):
        if self.process.poll() is None:
            if kind:
                self.kill()
            else:
                self.end()
        elif not kind and self.process.returncode not in (0, -signal.SIGKILL):
            raise AssertionError("the daemon died: %d"
                                 % self.process.returncode)
        self.notify.sendto(b"END", self.notify.getsockname())


def charon(**options):
    client = Client(SOCK, CHARON, **options)
    client.send("SYNC_START")
    return client


def state_three(client):
    """What most scenarios begin with: gold 0x1001, silver 0x1002, nobody's."""
    check(client.ike(1, "x.a.example") == 1, "not gold")
    check(client.ike(2, "x.b.example") == 2, "not silver")
    check(client.ike(3, "stranger.example") == 0, "a stranger has a group")
    check(client.sa(1, 0x1001) == 1, "SA not gold")
    check(client.sa(2, 0x1002) == 2, "SA not silver")
    check(client.sa(3, 0x1003) == 0, "a stranger's SA has a group")


THREE = {("192.0.2.1", 0x1001): "gold", ("192.0.2.1", 0x1002): "silver"}


def command():
    return Client(SOCK, COMMAND)


def main(names):
    """Run what is called scenario_* in @names, or of that what the arguments name"""
    scenarios = {name[9:]: f for name, f in names.items()
                 if name.startswith("scenario_")}
    wanted = sys.argv[1:] or list(scenarios)
    # the daemon's first look for the family would load an installed module
    os.makedirs("/run/modprobe.d", exist_ok=True)
    with open("/run/modprobe.d/qosd.conf", "w", encoding="ascii") as f:
        f.write("install ipsec_qos /bin/false\n")
    # a process that dies must not be a zombie that still answers kill(2)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    failed = 0
    for name in wanted:
        Daemon.running.clear()
        for left in LOG, LEASES:
            if os.path.exists(left):
                os.unlink(left)
        rmmod()
        start = time.monotonic()
        try:
            scenarios[name]()
            result = "ok"
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            for daemon in Daemon.running:
                daemon.kill()
            if os.path.exists(LOG):
                with open(LOG, encoding="utf-8") as log:
                    sys.stderr.write(log.read()[-3000:])
            result = "FAILED"
            failed += 1
        print("%-20s %-6s %.1f s  %s" % (name, result, time.monotonic() - start,
                                         scenarios[name].__doc__), flush=True)
    return 1 if failed else 0
