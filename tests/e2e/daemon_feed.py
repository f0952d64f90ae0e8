#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 400
# once: it is the daemon's doing, whatever the kernel is
"""
daemon_feed.py [SCENARIO...] - who speaks to ipsec-qosd, and how: charons and commands,
those that behave badly too

Run it as root in a machine of its own (tests/vm/run); see tests/lib/qosd.py.
"""
import errno
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import feed_client  # noqa: E402
from feed_client import (CHARON, CLASSES, COMMAND, PROFILES,  # noqa: E402
                         STATUS, TEST, VERSION, Client, Refused, encode)
from qosd import (COMMAND_BIN, CONF, DAEMON, Daemon, FIRST, ROOM,  # noqa: E402
                  SLOW, SOCK, WRAPPER, charon, check, check_prompt, command,
                  eventually, ikes, insmod, main, rmmod, run,
                  state_three, write_conf)

NOBODY = 65534


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

if __name__ == "__main__":
    sys.exit(main(globals()))
