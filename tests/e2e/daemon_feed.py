#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 400
# once: it is the daemon's doing, whatever the kernel is
"""
daemon_feed.py [SCENARIO...] - ipsec-qosd between the feed and the module

A stand-in for charon's plugin speaks to the daemon; the command shows what the
module then has. Run it as root in a machine of its own (tests/vm/run): it
loads and unloads the module. DAEMON_WRAPPER, e.g. valgrind, is put before the
daemon.
"""
import ctypes
import errno
import json
import os
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import feed_client  # noqa: E402
from feed_client import (CHARON, CLASSES, COMMAND, PROFILES,  # noqa: E402
                         RELOAD, STATUS, TEST, VERSION, Client, Refused,
                         encode)

DAEMON = os.environ.get("DAEMON", os.path.join(TOP, "build/bin/ipsec-qosd"))
COMMAND_BIN = os.path.join(TOP, "build/bin/ipsec-qos")
MODULE = os.path.join(TOP, "build/kmod", os.uname().release, "ipsec_qos.ko")
WRAPPER = os.environ.get("DAEMON_WRAPPER", "").split()
# How much longer things may take than on a real machine: an emulated one that
# shares its processors, or one with a wrapper such as valgrind.
SLOW = (10 if WRAPPER else 3) * int(os.environ.get("SLOW", 1))
ROOM = tempfile.mkdtemp(prefix="daemon_feed.")
CONF = ROOM + "/qosd.conf"
SOCK = ROOM + "/run/qosd.sock"
LOG = ROOM + "/log"
NOBODY = 65534
SO_SNDBUFFORCE = 32

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


def show_status():
    return json.loads(ipsec_qos("-j", "status"))


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
        name = "\0daemon_feed.%d.%d" % (os.getpid(), id(self))
        self.notify.bind(name)
        self.log_start = os.path.getsize(LOG) if os.path.exists(LOG) else 0
        env = dict(os.environ, NOTIFY_SOCKET="@" + name[1:])
        with open(LOG, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                WRAPPER + [DAEMON, "-d", "-c", CONF, "-S", SOCK], stderr=log,
                env=env)
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


# Scenarios that need no module

def scenario_socket():
    """bound safely: mode, stale, served, not a socket"""
    rmmod()
    with Daemon() as d:
        st = os.stat(SOCK)
        check(st.st_mode & 0o777 == 0o600, "mode %o" % st.st_mode)
        check(os.stat(os.path.dirname(SOCK)).st_mode & 0o777 == 0o755, "folder")
        with open("/proc/%d/status" % d.process.pid, encoding="ascii") as f:
            caps = dict(re.findall(r"^(Cap\w+):\s*(\w+)", f.read(), re.M))
        if not WRAPPER:
            check({int(v, 16) for v in caps.values()} <= {0, 1 << 12},
                  "it keeps %s" % caps)
        second = subprocess.run([DAEMON, "-c", CONF, "-S", SOCK], check=False,
                                stderr=subprocess.PIPE, text=True)
        check(second.returncode == 1 and "served" in second.stderr,
              "a second one: %s" % second.stderr)
        with command() as c:
            c.query(STATUS)
        d.kill()
    check(os.path.exists(SOCK), "SIGKILL left no socket")
    with Daemon():
        with command() as c:
            c.query(STATUS)
    with open(SOCK, "w", encoding="ascii") as f:
        f.write("mine")
    third = subprocess.run([DAEMON, "-c", CONF, "-S", SOCK], check=False,
                           stderr=subprocess.PIPE, text=True)
    check(third.returncode == 1 and "not a socket" in third.stderr,
          "a file in the way: %s" % third.stderr)
    check(os.path.getsize(SOCK) == 4, "it touched the file")
    os.unlink(SOCK)


def scenario_options():
    """-t, -V, a bad file at the start"""
    write_conf(FIRST)
    check("2 groups" in run(DAEMON, "-t", "-c", CONF), "-t")
    check(run(DAEMON, "-V").startswith("ipsec-qosd "), "-V")
    write_conf(FIRST + "fallback { dscp cs5 { mark = 0x220/0xff0 } }\n")
    check("fall-back" not in run(DAEMON, "-t", "-c", CONF), "-t warns")
    write_conf(FIRST + "fallback { dscp cs5 { mark = 0x1020/0xfff0 } }\n")
    said = run(DAEMON, "-t", "-c", CONF)
    check("fall-back dscp cs5" in said and "group silver" in said and
          "2 groups" in said, said)
    write_conf(FIRST + "grup x { }\n")
    for extra in (["-t"], ["-S", SOCK]):
        done = subprocess.run([DAEMON, "-c", CONF] + extra, check=False,
                              stderr=subprocess.PIPE, text=True)
        check(done.returncode == 1 and CONF + ":6:" in done.stderr,
              "bad file: %d %s" % (done.returncode, done.stderr))


def bad_client(data, reason, hello=True):
    if hello:
        client = Client(SOCK, CHARON, apart=True)
        sock = client.sock
    else:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(5 * SLOW)
        sock.connect(SOCK)
    with sock:
        sock.send(data)
        while True:
            try:
                answer = sock.recv(20000)
            except ConnectionResetError:
                answer = b""
            if not answer:
                break
    check(reason, reason)


def scenario_bad_clients():
    """closed and logged, others not disturbed"""
    with Daemon() as d, charon() as good:
        good.ask("SYNC_END")
        ike = encode("IKE_DEL", 1, IKE_ID=1, SPI_I=1, SPI_R=2)
        for what, data, hello in (
                ("garbage", b"\xff" * 77, False),
                ("garbage after HELLO", b"\xff" * 77, True),
                ("one byte", b"x", False),
                ("too long", encode("HELLO", 1, VERSION=VERSION, ROLE=1)
                 + b"\0" * 20000, False),
                ("cut", ike[:-4], True),
                ("another attribute", encode("SYNC_START", 1, SPI=300), True),
                ("no HELLO", encode("SYNC_START", 1), False),
                ("HELLO twice", encode("HELLO", 1, VERSION=VERSION, ROLE=1),
                 True),
                ("a charon's query", encode("QUERY", 1, QUERY=1), True),
                ("a charon's request", encode("INITIATE", 1, CONN="x",
                                              TIMEOUT=1), True),
                ("a result of nothing", encode("RESULT", 1, ERROR=0, IKE_ID=1,
                                               CHILD_ID=1), True)):
            before = d.said("disconnected:")
            bad_client(data, what, hello)
            eventually("%s is logged" % what,
                       lambda: d.said("disconnected:") == before + 1)
            good.ike(1, "x.a.example", ask=False)

        for version in VERSION - 1, VERSION + 1:
            for role in CHARON, COMMAND:
                before = d.said("speaks version %d of the protocol" % version)
                other = Client(SOCK, role, version=version, apart=True)
                check(other.hello["type"] == "ACK" and
                      other.hello["ERROR"] == errno.EPROTONOSUPPORT and
                      "same release" in other.hello["MESSAGE"], other.hello)
                check(other.receive() is None, "another version stays connected")
                check(d.said("speaks version %d of the protocol" % version) ==
                      before + 1, d.log())

        with command() as c:
            c.send("SYNC_START")
            check(c.receive() is None, "a command may state")

        # a peer that is not root: the mode keeps it out, and so do we
        for mode, closed in ((0o600, False), (0o666, True)):
            os.chmod(ROOM, 0o755)
            os.chmod(SOCK, mode)
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    os.setuid(NOBODY)
                    c = Client(SOCK, COMMAND)
                    code = 10 if c.hello is None else 2
                except PermissionError:
                    code = 11
                except (BrokenPipeError, ConnectionResetError):
                    code = 10
                finally:
                    os._exit(code)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            check(code == (10 if closed else 11), "not root: %d" % code)
        eventually("logged", lambda: d.said("user 65534, not root") == 1)
        os.chmod(SOCK, 0o600)

        with command() as c:
            check(c.query(STATUS)["charon"]["connected"], "charon was closed")
        good.ask("SYNC_START")


def scenario_deaf_client():
    """one that stops reading: closed, and nobody waits for it"""
    with Daemon() as d, charon() as good:
        good.ask("SYNC_END")
        for i in range(2000):
            good.ike(10 + i, "host%d.a.example" % i, ask=False)
        good.ask("SYNC_START")
        good.ask("SYNC_END")
        for i in range(2000):
            good.ike(10 + i, "host%d.a.example" % i, ask=False)
        deaf_charon, deaf_command = charon(apart=True), command()
        deaf_charon.sock.setblocking(False)
        deaf_charon.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf_command.sock.setblocking(False)

        def talk():
            for deaf in (deaf_charon, deaf_command):
                try:
                    while True:
                        if deaf is deaf_charon:
                            deaf.send("SYNC_START", 4)
                        else:
                            deaf.send("QUERY", QUERY=STATUS)
                except (BlockingIOError, BrokenPipeError):
                    pass

        times = []
        end = time.monotonic() + 9
        while time.monotonic() < end:
            talk()
            start = time.monotonic()
            good.ask("SYNC_START")
            times.append(time.monotonic() - start)
            time.sleep(0.05)
        check_prompt(times)
        eventually("both are closed",
                   lambda: d.said("does not read its answers") == 2, 10)
        check(d.cpu() < 5 * SLOW, "it span: %.1f s" % d.cpu())
        good.ask("SYNC_START")


def scenario_many_clients():
    """a ceiling of connections; silent ones make room"""
    with Daemon() as d:
        first = command()
        clients = [command() for _ in range(63)]
        full = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        full.settimeout(5)
        full.connect(SOCK)
        check(not full.recv(100), "the 65th is served")
        check(d.said("no more are accepted") == 1, "not logged")
        first.query(STATUS)
        clients.pop().close()
        eventually("room again", lambda: d.said("accepted again"))
        silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        silent.settimeout(15 * SLOW)
        silent.connect(SOCK)
        check(not silent.recv(100), "one that says nothing is kept")


def scenario_no_module():
    """said once; SAs are refused; no busy loop"""
    rmmod()
    with Daemon() as d, charon() as c:
        check(c.ike(3, "stranger.example") == 0, "a stranger")
        for i in range(20):
            try:
                c.ike(1, "x.a.example")
                raise AssertionError("without a module")
            except Refused as e:
                check(e.errno == errno.ENODEV and "not loaded" in str(e), e)
        c.ask("SYNC_END")
        before = d.cpu()
        time.sleep(2)
        check(d.cpu() - before < 0.1 * SLOW, "it spins")
        check(d.said("not loaded") == 1, d.log())
        with command() as cmd:
            status = cmd.query(STATUS)
        check(status["kernel"]["connected"] is False, status)
        insmod()
        eventually("the IKE SA", lambda: "gold" in ikes().values())


def scenario_no_charon():
    """said once, and that one came"""
    rmmod()
    with Daemon() as d:
        check(d.said("no charon is connected") == 0, "too soon")
        eventually("said", lambda: d.said("no charon is connected to " + SOCK),
                   6)
        with charon() as c:
            c.ask("SYNC_END")
            eventually("over", lambda: d.said("a charon is connected") == 1)
        with charon() as c:
            c.ask("SYNC_END")
        check(d.said("no charon is connected") == 1, d.log())
        eventually("gone", lambda: d.said("no charon is connected") == 2, 6)
        before = d.cpu()
        time.sleep(1)
        check(d.cpu() - before < 0.1 * SLOW, "it spins")


def answer(client, error=0, message=None, ike_id=0, child_id=0):
    """As charon answers the next request; what was asked"""
    asked = client.receive()
    check(asked["type"] == "INITIATE", asked)
    client.result(asked["seq"], error, message, ike_id, child_id)
    return asked


def refusal(client, error):
    """What a command is told of its request"""
    ack = client.receive()
    check(ack["type"] == "ACK" and ack["ERROR"] == error, ack)
    return ack["MESSAGE"]


def up(*what):
    """The command, to be waited for"""
    return subprocess.Popen([COMMAND_BIN, "-S", SOCK, "-j", "tunnel", "up", *what],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def scenario_tunnels():
    """a command asks, charon answers: with a tunnel, not, late, or it dies"""
    rmmod()
    with Daemon() as d, command() as q:
        q.initiate("site")
        check("no charon is connected" in refusal(q, errno.ENOTCONN), "no charon")
        c, other = charon(apart=True), charon(apart=True)
        for client in c, other:
            client.ask("SYNC_END")
        c.ike(1, "x.a.example", ask=False)
        c.child(1, 7, 0x1001, 0x2001, ask=False)
        tool = up("site", "child", "net", "remote", "198.51.100.7", "timeout", "9")
        asked = answer(c, ike_id=1, child_id=7)
        check({"CONN": "site", "CHILD": "net", "REMOTE": "198.51.100.7",
               "TIMEOUT": 9000}.items() <= asked.items(), asked)
        out, err = tool.communicate(timeout=10 * SLOW)
        got = json.loads(out)
        check(tool.returncode == 0 and not err, err)
        check(got["group"] == "gold" and got["identity"] == "x.a.example" and
              got["child"]["name"] == "net" and got["ike_id"] == 1, got)
        # refused; another charon may have that connection
        tool = up("site")
        check("CHILD" not in answer(c, errno.EINVAL, "several"), "CHILD")
        out, err = tool.communicate(timeout=10 * SLOW)
        check(tool.returncode == 2 and "several" in err, err)
        q.initiate("site")
        answer(c, errno.ENOENT, "no such connection")
        answer(other, ike_id=3, child_id=4)
        got = json.loads(q.receive()["TEXT"])
        check(got["ike_id"] == 3 and got["group"] is None, got)
        q.initiate("site")
        for client in c, other:
            answer(client, errno.ENOENT, "no such connection")
        check(refusal(q, errno.ENOENT) == "no such connection", "said otherwise")
        # charon says nothing: the daemon waits two seconds longer
        start = time.monotonic()
        q.initiate("site", timeout=500)
        check(c.receive()["type"] == "INITIATE", "not asked")
        refusal(q, errno.ETIMEDOUT)
        took = time.monotonic() - start
        check(2.5 <= took < 2.5 + SLOW, "half a second took %.1f s" % took)
        many_tunnels(d, c, other)


def many_tunnels(d, c, other):
    """All at once, and charons that die meanwhile; one was late before."""
    clients = [command() for _ in range(20)]
    for i, client in enumerate(clients):
        client.initiate(str(i))

    def waiting(at, n):
        """The clients whose requests a charon gets now, with their numbers there"""
        asked = [at.receive() for _ in range(n)]
        return {int(m["CONN"]): m["seq"] for m in asked}
    # seven more for the first, eight for the other, and no more
    first, second = waiting(c, 7), waiting(other, 8)
    for i in set(range(20)) - set(first) - set(second):
        check("as many requests" in refusal(clients[i], errno.EBUSY), "no ceiling")
        clients[i].close()
    # one whose command went is to be answered all the same
    gone, *rest = first
    clients[gone].close()
    for i in rest[0], gone:
        c.result(first[i], errno.ECONNREFUSED, "not %d" % i)
    check(refusal(clients[rest[0]], errno.ECONNREFUSED) == "not %d" % rest[0],
          "mixed up")
    # there is room for two again
    clients[rest[0]].initiate(str(rest[0]))
    check(list(waiting(c, 1)) == rest[:1], "not asked")
    c.close()
    for i in rest:
        check("ended before it answered" in refusal(clients[i], errno.ECONNRESET),
              "charon's end")
    done, *rest = second
    other.result(second[done], errno.ECONNREFUSED, "no")
    refusal(clients[done], errno.ECONNREFUSED)
    # it answers twice
    before = d.said("what it was not asked")
    other.result(second[done], errno.ECONNREFUSED, "no")
    for i in rest:
        refusal(clients[i], errno.ECONNRESET)
    check(d.said("what it was not asked") == before + 1, d.log())
    for client in clients:
        client.close()
    other.close()
    # one that has not stated all it has yet is asked then; a daemon that ends
    # in the middle
    with charon(apart=True) as c:
        tool = up("site")
        c.ike(1, "x.a.example", ask=False)
        check(not select.select([c.sock], [], [], 0.2)[0], "asked too soon")
        c.ask("SYNC_END")
        check(c.receive()["type"] == "INITIATE", "not asked")
        d.end()
        err = tool.communicate(timeout=10 * SLOW)[1]
        check(tool.returncode == 2 and "ipsec-qosd: " in err, err)


def scenario_queries():
    """what the command asks"""
    insmod()
    with Daemon() as d, charon() as c, command() as q:
        state_three(c)
        c.child(1, 7, 0x1001, 0x2001)
        status = q.query(STATUS)
        check(status["charon"] == {"connected": True, "synced": False,
                                   "connections": 1, "passed_over": 0,
                                   "unseen": None}, status)
        c.ask("SYNC_END", PASSED_OVER=5)
        status = q.query(STATUS)
        check(status["charon"]["passed_over"] == 5, status)
        check(status["charon"]["synced"] and status["kernel"]["connected"] and
              status["resyncs"] == 1 and status["config"]["file"] == CONF and
              status["config"]["error"] is None, status)
        peer = [p for p in status["peers"] if p["ike_id"] == 1][0]
        check(peer["identity"] == "x.a.example" and peer["group"] == "gold" and
              peer["profile"] == "a" and peer["remote"] == "198.51.100.7" and
              peer["spi_i"] == "0000000001000001", peer)
        check(peer["children"] == [{
            "name": "net", "reqid": 1, "proto": "esp", "spi_in": 0x1001,
            "spi_out": 0x2001, "encap": False, "marks": {}, "disputes": []}], peer)
        check([p["name"] for p in q.query(PROFILES)] == ["a", "b"], "profiles")
        test = q.query(TEST, "y.b.example\x1fconnection=c\x1feap=e")
        check(test["profile"] == "b" and test["mark"] == 0x20 and
              test["mask"] == 0xff0 and test["why"], test)
        check(q.query(TEST, "nobody")["group"] is None, "nobody")
        for bad in ("ipv4:nonsense", "x\x1fcolour=red"):
            try:
                q.query(TEST, bad)
                raise AssertionError(bad)
            except Refused as e:
                check(e.errno == errno.EINVAL, e)
        check(q.query(CLASSES) == [], "classes")

        # an answer in many pieces, with what is not UTF-8
        for i in range(500):
            c.ike(100 + i, "h%d.a.example" % i, ask=False)
        c.ask("IKE", IKE_ID=99, IKE_VERSION=1, SPI_I=99, SPI_R=98,
              LOCAL="2001:db8::1", LOCAL_PORT=4500, REMOTE="2001:db8::2",
              REMOTE_PORT=4500, CONN="c",
              IDENTITY=[(11, 1, "ike", "psk", b"\xff\xfe\n\x00k")])
        status = q.query(STATUS)
        check(len(status["peers"]) == 504, len(status["peers"]))
        del status["peers"], status["uptime"]
        short = q.query(feed_client.DAEMON)
        del short["uptime"]
        check(short == status, short)
        check(d.said("\xff") == 0, "log")


# Scenarios with the module

def scenario_ack_means_there():
    """an answer comes once the kernel has the entry"""
    insmod()
    with Daemon(), charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        for i in range(50):
            check(c.sa(1, 0x3000 + i, pending=True) == 1, "group")
            if i % 10 == 0:
                check(sas()["192.0.2.1", 0x3000 + i] == "gold", "not there")
        c.sa_del(0x3000)
        check(("192.0.2.1", 0x3000) not in sas(), "still there")
        try:
            c.sa(9, 0x4000)
            raise AssertionError("SA without an IKE SA")
        except Refused as e:
            check(e.errno == errno.ENOENT, e)
        c.ask("IKE_DEL", IKE_ID=1, SPI_I=0x1000001, SPI_R=0x2000001)
        check(ikes() == {}, "IKE SA is still there")


def scenario_same_spi():
    """two peers behind one address choose one SPI: it stays the first one's"""
    insmod()
    nat = "198.51.100.7"
    with Daemon() as d, charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        c.ike(2, "x.b.example")
        check(c.sa(1, 0x2001, pending=True, dst=nat) == 1, "not gold")
        c.child(1, 1, 0x1001, 0x2001)
        for take in (lambda: c.sa(2, 0x2001, pending=True, dst=nat),
                     lambda: c.child(2, 2, 0x1002, 0x2001)):
            try:
                take()
                raise AssertionError("the second one has it")
            except Refused as e:
                check(e.errno == errno.EEXIST, e)
                check(re.search("0x00002001.*x.a.example.*x.b.example",
                                str(e)), e)
            check(sas() == {("192.0.2.1", 0x1001): "gold",
                            (nat, 0x2001): "gold"}, sas())
        check(d.said("0x00002001.*x.a.example.*x.b.example") == 1, d.log())
        c.ask("IKE_DEL", IKE_ID=2, SPI_I=0x1000002, SPI_R=0x2000002)
        check(sas()[nat, 0x2001] == "gold", sas())

        # the first one's IKE SA is rekeyed, then all of it ends
        c.ike(3, "x.a.example")
        check(c.child(3, 1, 0x1001, 0x2001) == 1, "its successor is refused")
        c.ask("IKE_DEL", IKE_ID=1, SPI_I=0x1000001, SPI_R=0x2000001)
        check(sas()[nat, 0x2001] == "gold", sas())
        c.sa_del(0x2001, dst=nat)
        c.ike(2, "x.b.example")
        check(c.sa(2, 0x2001, pending=True, dst=nat) == 2, "it is free")
        check(sas()[nat, 0x2001] == "silver", sas())


def scenario_marks():
    """who wants the same bits of marks is named, and logged once"""
    insmod()
    full = 0xffffffff
    with Daemon() as d, charon() as c:
        c.ike(1, "x.a.example", conn="branch")
        c.ike(2, "stranger.example", conn="other")
        # its group is gold, 0x10/0xff0; the bits below are free
        c.child(1, 1, 0x1001, 0x2001, MARK_IN=(6, full), MARK_OUT=(6, full))
        c.child(1, 2, 0x1002, 0x2002, MARK_OUT=(0x3000, 0xf000))
        # what silver's packets have, of a peer with no group
        c.child(2, 3, 0x1003, 0x2003, MARK_OUT=(0x20, 0xfff))
        c.ask("SYNC_END")

        def disputes():
            return {(p["connection"], ch["spi_in"]): [
                (x["group"], x["bits"]) for x in ch["disputes"]]
                    for p in query(STATUS)["peers"] for ch in p["children"]}

        gold, silver = [("gold", 0xff0)], [("silver", 0xff0)]
        check(disputes() == {("branch", 0x1001): gold, ("branch", 0x1002): [],
                             ("other", 0x1003): silver}, disputes())
        child, = [ch for p in query(STATUS)["peers"] for ch in p["children"]
                  if ch["spi_in"] == 0x1002]
        check(child["marks"] == {"mark_out": {"mark": 0x3000, "mask": 0xf000}},
              child)
        first = "connection branch, CHILD SA net: mark_in and mark_out = " \
                "0x6/0xffffffff wants the bits 0xff0"
        second = "connection other, CHILD SA net: mark_out = 0x20/0xfff"
        text = ipsec_qos("-S", SOCK, "daemon", "status")
        check(text.count(first) == 1 and text.count(second) == 1, text)
        check("mask without them (0x6/0xfffff00f)" in text, text)
        # rekeyed, and with another peer of that connection
        c.child(1, 4, 0x1004, 0x2004, MARK_IN=(6, full), MARK_OUT=(6, full))
        c.ike(5, "y.a.example", conn="branch")
        c.child(5, 5, 0x1005, 0x2005, MARK_IN=(6, full), MARK_OUT=(6, full))
        check(d.said(first) == 1 and d.said(second) == 1, d.log())
        text = ipsec_qos("-S", SOCK, "daemon", "status")
        check(text.count(first) == 1, text)

        # the remedy, for one of the two; what stays is said again
        reload(FIRST.replace("0x10/0xff0", "0x100000/0xf00000")
               .replace("0x20/0xff0", "0x200000/0xf00000"))
        check(disputes()["other", 0x1003] == [], disputes())
        check(disputes()["branch", 0x1001] == [("gold", 0xf00000)], disputes())
        check(d.said("wants the bits 0xf00000") == 1, d.log())

        # and the daemon's own file
        answer = reload(FIRST + "fallback { dscp cs5 { mark = 0x10/0xff0 } }")
        check(answer["warnings"] == [] and len(answer["notes"]) == 1 and
              "group gold" in answer["notes"][0], answer)
        check(d.said("fall-back dscp cs5") == 1, d.log())
        text = ipsec_qos("-S", SOCK, "daemon", "reload")
        check("Warning: ipsec-qosd: " in text and " is in force" in text, text)


def scenario_late():
    """what is announced when the kernel has the SA already stays"""
    insmod()
    with Daemon(), charon() as c:
        c.ask("SYNC_END")
        c.ike(4, "y.b.example")
        xfrm("add", 0x5005, "enc", "cipher_null", "", "auth", "digest_null", "")
        check(c.sa(4, 0x5005, pending=True) == 2, "not silver")
        c.child(4, 40, 0x5005, 0x6006)

        def as_installed():
            return {sa["spi"]: (sa["group"], "pending" in sa, "lifetime" in sa)
                    for sa in show("sa")} == {0x5005: ("silver", False, False),
                                              0x6006: ("silver", False, False)}

        eventually("it does not wait for the SA", as_installed)
        xfrm("delete", 0x5005)
        eventually("it goes with the SA", lambda: sas() == {
            ("198.51.100.7", 0x6006): "silver"})


def scenario_again():
    """a charon that connects again ends what it said before"""
    insmod()
    with Daemon() as d, charon() as before:
        state_three(before)
        before.ask("SYNC_END")
        # it hangs, and its queue fills with what is soon not true any more
        before.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20)
        os.kill(d.process.pid, signal.SIGSTOP)
        for i in range(600):
            before.ike(1000 + i, "old%d.a.example" % i, ask=False)
        client = threading.Timer(0.2, os.kill, (d.process.pid, signal.SIGCONT))
        client.start()
        with charon() as c:
            c.ike(2, "x.b.example")
            c.sa(2, 0x1002)
            c.ask("SYNC_END")
            with command() as q:
                status = q.query(STATUS)
            check([p["ike_id"] for p in status["peers"]] == [2],
                  "%d peers" % len(status["peers"]))
            check(status["charon"]["connections"] == 1 and
                  status["charon"]["synced"], status["charon"])
            eventually("swept", lambda: sas() == {
                ("192.0.2.1", 0x1002): "silver"})


def scenario_restarts():
    """daemon, module, charon, in any order: the tables are right in a second"""
    insmod()
    d = Daemon()
    c = charon()
    state_three(c)
    c.ask("SYNC_END")
    check(sas() == THREE and len(ikes()) == 2, sas())

    # the daemon is killed; what is not restated goes, but not before the end
    d.kill()
    c.close()
    check(sas() == THREE, "SIGKILL cost an entry")
    d = Daemon(None)
    check(sas() == THREE, "its restart cost an entry")
    c = charon()
    c.ike(1, "x.a.example")
    c.sa(1, 0x1001)
    check(sas() == THREE and len(ikes()) == 2, "swept before the end")
    c.ask("SYNC_END")
    only = {("192.0.2.1", 0x1001): "gold"}
    eventually("swept", lambda: sas() == only and len(ikes()) == 1)

    # the module goes and comes
    rmmod()
    eventually("said", lambda: d.said("was unloaded") == 1)
    c.ike(2, "x.b.example", ask=False)
    c.sa(2, 0x1002, ask=False)
    insmod()
    eventually("all is back", lambda: sas() == THREE and len(ikes()) == 2)
    for _ in range(5):
        rmmod()
        insmod()
    eventually("all is back", lambda: sas() == THREE and len(ikes()) == 2)

    # the connection ends, and charon lives: nothing goes
    c.close()
    check(sas() == THREE and len(ikes()) == 2, "charon's connection")
    c = charon()
    state_three(c)
    check(sas() == THREE, "while it restates")
    c.ask("SYNC_END")
    eventually("the same", lambda: sas() == THREE and len(ikes()) == 2)

    # everything at once
    d.kill()
    c.close()
    rmmod()
    d = Daemon(None)
    c = charon()
    c.ike(1, "x.a.example", ask=False)
    c.sa(1, 0x1001, ask=False)
    insmod()
    c.ike(2, "x.b.example")
    c.sa(2, 0x1002)
    c.ask("SYNC_END")
    eventually("exactly right", lambda: sas() == THREE and len(ikes()) == 2)
    c.close()
    d.end()
    check(sas() == THREE, "a clean end cost an entry")

    # an identity that has no profile any more, while the daemon was away
    write_conf(FIRST.replace("*.b.example", "*.c.example"))
    d = Daemon(None)
    c = charon()
    check(c.ike(2, "x.b.example") == 0, "its profile")
    check(c.sa(2, 0x1002) == 0, "its SA")
    check(sas() == only, "its entry is still there")
    c.ask("SYNC_END")
    c.close()
    d.end()


def query(*what):
    with command() as q:
        return q.query(*what)


def reload(conf):
    write_conf(conf)
    return query(RELOAD)


def scenario_reload():
    """groups change under SAs that live"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        answer = reload(FIRST)
        check(answer["reloaded"] and answer["warnings"] == [], answer)
        check(sas() == THREE, "for nothing")

        # a mark changes in place, names swap ids
        reload("""
            group silver { id = 1  mark = 0x30/0xff0 }
            group gold { id = 2  mark = 0x20/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
            profile b { identity = "*.b.example"  group = silver }
        """)
        check(groups() == {"silver": (1, 0x30), "gold": (2, 0x20)}, groups())
        check(sas() == THREE, sas())

        # a group goes, another comes with its name, a profile goes
        reload("""
            group gold { id = 7  mark = 0x70/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
        """)
        check(groups() == {"gold": (7, 0x70)}, groups())
        check(sas() == {("192.0.2.1", 0x1001): "gold"}, sas())
        check(list(ikes().values()) == ["gold"], ikes())

        # a broken file changes nothing and says where
        before = groups(), sas(), ikes()
        try:
            reload("group gold { id = 7  mark = 0x70/0xff0 }\nprofle a { }\n")
            raise AssertionError("a broken file")
        except Refused as e:
            check(str(e).startswith(CONF + ":2:"), e)
        with command() as q:
            check(CONF + ":2:" in q.query(STATUS)["config"]["error"], "status")
        d.process.send_signal(signal.SIGHUP)
        d.await_ready()
        check((groups(), sas(), ikes()) == before, "something changed")

        # SIGHUP does the same
        write_conf(FIRST)
        d.process.send_signal(signal.SIGHUP)
        d.await_ready()
        eventually("as at first", lambda: sas() == THREE)

        # somebody uses a group that goes
        ipsec_qos("sa", "add", "dst", "203.0.113.1", "spi", "0x5000", "group",
                  "silver")
        answer = reload("""
            group gold { id = 1  mark = 0x10/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
        """)
        check(set(groups()) == {"gold", "silver"}, groups())
        check(d.said("stays while entries made by hand use it") == 1, d.log())
        check(("203.0.113.1", 0x5000) in sas(), "it took it away")
        ipsec_qos("sa", "del", "dst", "203.0.113.1", "spi", "0x5000")
        reload(FIRST)

        # a policy whose device is not there is said, and the rest is in force
        answer = reload(FIRST + """
            policy wan { device = "eht1"  rate = "10mbit" }
        """)
        check(answer["warnings"] == ["policy wan is not in force on eht1: no "
                                     "device: there is no device eht1"], answer)
        said = run(COMMAND_BIN, "-S", SOCK, "daemon", "reload")
        check("Warning: ipsec-qosd: policy wan is not in force" in said and
              "not all of it is in force" in said, said)

        # somebody's group has our name: said once, the others work
        reload("group gold { id = 1  mark = 0x10/0xff0 }\n"
               "profile a { identity = \"*.a.example\"  group = gold }\n")
        ipsec_qos("group", "add", "silver", "id", "9", "mark", "0x90/0xff0")
        answer = reload(FIRST)
        check(len(answer["warnings"]) == 1 and
              "group silver is refused" in answer["warnings"][0], answer)
        check(sas() == {("192.0.2.1", 0x1001): "gold"}, sas())
        said = d.said("group silver is refused")
        ipsec_qos("group", "del", "silver")
        eventually("tried again", lambda: sas() == THREE, 5)
        check(said == 1 and d.said("group silver is refused") == 1, d.log())


class Monitor:
    """What ipsec-qos monitor tells, from now on."""

    def __init__(self):
        self.process = subprocess.Popen([COMMAND_BIN, "monitor"],
                                        stdout=subprocess.PIPE, text=True)
        # it listens once it tells of something
        for i in range(100):
            ipsec_qos("group", "replace", "probe", "id", "99", "mark",
                      "%d/0xf" % (i % 16))
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                break
        self.process.stdout.readline()

    def end(self):
        """All that it told."""
        ipsec_qos("group", "del", "probe")
        lines = []
        for line in self.process.stdout:
            if line.startswith("del group probe "):
                break
            lines.append(line)
        else:
            raise AssertionError("the monitor ended before the test did")
        self.process.kill()
        self.process.wait()
        return lines


def gone(lines):
    return [line for line in lines if re.match(r"(del|expire) (sa|ike) ", line)]


def scenario_renumbered():
    """other ids where the ceiling has room for the old groups alone"""
    insmod()
    few = "settings { max-groups = 3 }\n"    # with the monitor's
    with Daemon(few + FIRST) as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        monitor = Monitor()
        answer = reload(few + FIRST.replace("id = 1 ", "id = 3 ")
                        .replace("id = 2 ", "id = 4 "))
        check(not answer["warnings"], answer)
        check(sas() == THREE and len(ikes()) == 2, sas())
        check(groups()["gold"] == (3, 0x10) and groups()["silver"] == (4, 0x20)
              and len(groups()) == 3, groups())
        lines = monitor.end()
        check(not gone(lines), gone(lines))
        check(show_status()["ceilings"]["groups"] == 3, show_status())
        check(d.said("refused") == 0, d.log())


def scenario_refused_groups():
    """SAs keep the group that they have while their new one is refused"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        for i, name in enumerate(("tin", "lead")):
            ipsec_qos("group", "add", name, "id", str(100 + i), "mark",
                      "%d/0xf000" % ((i + 1) << 12))
        monitor = Monitor()
        resyncs = query(STATUS)["resyncs"]
        answer = reload("""
            group tin { id = 11  mark = 0x10/0xff0 }
            group lead { id = 12  mark = 0x20/0xff0 }
            profile a { identity = "*.a.example"  group = tin }
            profile b { identity = "*.b.example"  group = lead }
        """)
        for name in ("tin", "lead"):
            check(sum("group %s is refused" % name in w
                      for w in answer["warnings"]) == 1, answer)
        # both are said once, however often they are tried again
        eventually("tried again", lambda: d.said("is tried again") >= 3, 10)
        for name in ("tin", "lead"):
            check(d.said("group %s is refused" % name) == 1, d.log())
        check(d.said("put back") == 0, d.log())
        check(sas() == THREE and len(ikes()) == 2, sas())
        check(query(STATUS)["resyncs"] == resyncs, "a generation was closed")
        lines = monitor.end()
        check(not gone(lines), gone(lines))

        # one of them goes, the other is not forgotten
        ipsec_qos("group", "del", "tin")
        check(len(query(RELOAD)["warnings"]) == 1, "warnings")
        check(sas() == dict(zip(THREE, ("tin", "silver"))), sas())
        check(d.said("group lead is refused") == 1, d.log())
        ipsec_qos("group", "del", "lead")
        check(query(RELOAD)["warnings"] == [], "warnings")
        check(sas() == dict(zip(THREE, ("tin", "lead"))), sas())
        check(d.said("as they should be again") == 1, d.log())
        check(set(groups()) == {"tin", "lead"}, groups())


def scenario_reload_without_gap():
    """a reload under SAs: no moment without an entry"""
    insmod()
    other = FIRST.replace("group = gold", "group = X") \
                 .replace("group = silver", "group = gold") \
                 .replace("group = X", "group = silver")
    with Daemon(), charon() as c:
        c.ike(1, "x.a.example")
        for i in range(500):
            c.sa(1, 0x10000 + i, ask=False)
        c.ask("SYNC_END")
        monitor = Monitor()
        for i in range(4):
            start = time.monotonic()
            reload(FIRST if i % 2 else other)
            took = time.monotonic() - start
            check(set(sas().values()) == {"gold" if i % 2 else "silver"},
                  "reload %d" % i)
            check(took < 1 * SLOW, "reload took %.2f s" % took)
        lines = monitor.end()
        moved = sum(line.startswith("change sa ") for line in lines)
        check(moved >= 4 * 500, "it told of %d moves" % moved)
        check(not gone(lines), gone(lines)[:3])


def scenario_ceiling():
    """SAs above the kernel's ceiling: refused, said once, tried again"""
    insmod()
    conf = "settings { max-sas = 100 }\n" + FIRST
    with Daemon(conf) as d, charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        ipsec_qos("sa", "add", "dst", "203.0.113.1", "spi", "0x5000", "group",
                  "gold")
        # strangers need no room there
        c.ike(2, "stranger.example")
        for i in range(200):
            c.sa(2, 0x20000 + i)
        for i in range(99):
            c.sa(1, 0x10000 + i)
        check(len(sas()) == 100, len(sas()))
        for i in range(99, 110):
            try:
                c.sa(1, 0x10000 + i)
                raise AssertionError("above the ceiling")
            except Refused:
                pass
        check(d.said("an SA is refused:.*tried again") == 1, d.log())
        ipsec_qos("sa", "del", "dst", "203.0.113.1", "spi", "0x5000")
        eventually("one more", lambda: len(sas()) == 100, 10)
        for i in range(90):
            c.sa_del(0x10000 + i)
        eventually("the others", lambda: len(sas()) == 20, 20)
        check(d.said("an SA is refused:.*tried again") == 1, d.log())
        eventually("said", lambda: d.said("as they should be again") == 1)
        check(d.said("put back") == 0, d.log())


def xfrm(verb, spi, *more):
    run("ip", "xfrm", "state", verb, "src", "198.51.100.7", "dst",
        "192.0.2.1", "proto", "esp", "spi", hex(spi), *more)


def scenario_meddler():
    """what somebody removes or changes by hand is put back"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        check(c.sa(1, 0x1004, pending=True) == 1, "pending")
        for spi in (0x1001, 0x1002, 0x1005):
            xfrm("add", spi, "enc", "cipher_null", "", "auth", "digest_null",
                 "")
        c.sa(1, 0x1005)
        c.ask("SYNC_END")
        whole = sas(), ikes(), groups()
        check(len(whole[0]) == 4 and len(whole[1]) == 2, whole)

        def is_whole():
            return (sas(), ikes(), groups()) == whole

        check(d.said("they are put back") == 0, d.log())
        for meddle in (
                "group change gold mark 0x50/0xff0",
                "group change silver name zinc",
                "sa flush", "ike flush", "sa flush group gold",
                "sa change dst 192.0.2.1 spi 0x1001 group silver",
                "sa del dst 192.0.2.1 spi 0x1004"):
            ipsec_qos(*meddle.split())
            eventually(meddle, is_whole, 2)
            eventually("said once", lambda: d.said("they are put back") == 1)

        # a second one who wants the same daemon's entries otherwise: no storm
        before = d.cpu()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            ipsec_qos("sa", "flush")
        check(d.cpu() - before < 0.5 * SLOW, "it spins")
        eventually("whole", is_whole, 2)

        # what goes with the kernel's SA is gone, one by one or all at once
        xfrm("delete", 0x1005)
        eventually("gone", lambda: ("192.0.2.1", 0x1005) not in sas())
        ipsec_qos("ike", "flush")
        eventually("the IKE SAs", lambda: ikes() == whole[1], 2)
        check(("192.0.2.1", 0x1005) not in sas(), "it came back")
        run("ip", "xfrm", "state", "flush")
        only = {("192.0.2.1", 0x1004): "gold"}
        eventually("gone", lambda: sas() == only)
        ipsec_qos("ike", "flush")
        eventually("the IKE SAs", lambda: ikes() == whole[1], 2)
        check(sas() == only, "they came back")

        # when all is stated anew, too, until charon states them
        check(query(RELOAD)["warnings"] == [], "warnings")
        check(sas() == only, "they came back with a reload")
        ipsec_qos("group", "change", "gold", "mark", "0x50/0xff0")
        eventually("the groups", lambda: groups() == whole[2], 2)
        check(sas() == only, "they came back with a group")
        xfrm("add", 0x1001, "enc", "cipher_null", "", "auth", "digest_null", "")
        c.sa(1, 0x1001)
        only["192.0.2.1", 0x1001] = "gold"
        check(sas() == only, sas())
        xfrm("delete", 0x1001)


def scenario_many():
    """20,000 SAs stated, and again by a daemon that was killed"""
    insmod()
    n = 20000
    d = Daemon()

    def state():
        c = charon()
        start = time.monotonic()
        c.ike(1, "x.a.example", ask=False)
        for i in range(n):
            c.sa(1, 0x10000 + i, ask=False)
        c.ask("SYNC_END")
        print("  %d SAs in %.1f s" % (n, time.monotonic() - start))
        # while it writes them all once more, others are answered
        with command() as q:
            q.send("QUERY", QUERY=RELOAD)
            times = []
            q.sock.setblocking(False)
            while True:
                start = time.monotonic()
                c.ike(2, "x.b.example")
                times.append(time.monotonic() - start)
                try:
                    q.sock.recv(20000)
                    break
                except BlockingIOError:
                    pass
        check(len(times) >= 5, "only %d answers in a reload" % len(times))
        check_prompt(times)
        return c

    c = state()
    check(d.said("were lost") == 0, "it missed what it was told")
    d.kill()
    c.close()
    d = Daemon(None)
    c = state()
    check(d.said("were lost") == 0, "it missed what it was told")
    status = json.loads(ipsec_qos("-j", "status"))
    check(status["sas"] == n, status)
    c.close()
    d.end()


def main():
    scenarios = {name[9:]: f for name, f in globals().items()
                 if name.startswith("scenario_")}
    wanted = sys.argv[1:] or list(scenarios)
    # the daemon's first look for the family would load an installed module
    os.makedirs("/run/modprobe.d", exist_ok=True)
    with open("/run/modprobe.d/daemon_feed.conf", "w", encoding="ascii") as f:
        f.write("install ipsec_qos /bin/false\n")
    # a process that dies must not be a zombie that still answers kill(2)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    failed = 0
    for name in wanted:
        Daemon.running.clear()
        if os.path.exists(LOG):
            os.unlink(LOG)
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


if __name__ == "__main__":
    sys.exit(main())
