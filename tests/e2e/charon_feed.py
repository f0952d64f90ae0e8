#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 1500
# once: it is charon's doing, whatever the kernel is
"""
charon_feed.py [SCENARIO...] - what the strongSwan plugin says to the daemon

   gw 10.0.1.1 ---- 10.0.1.254 router 10.0.2.254 ---- 10.0.2.1 peer
   charon, plugin                                     charon
   and a stand-in for the daemon

Each end in a network namespace, charon's SAs in the kernel. After each step
what the daemon was told has to be what gw's charon and kernel have, and no SA
may appear in the kernel before the daemon answered for it.
"""
import atexit
import ctypes
import errno
import functools
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from feed_sink import FeedSink  # noqa: E402
import vici  # noqa: E402

PLUGIN = os.path.join(TOP, "build/charon/libstrongswan-ipsec-qos.so")
# e.g. valgrind, for gw's charon
WRAPPER = os.environ.get("CHARON_WRAPPER", "").split()
SLOW = (10 if WRAPPER else 1) * int(os.environ.get("SLOW", 1))
ROOM = tempfile.mkdtemp(prefix="charon_feed.")
FEED = ROOM + "/feed.sock"
# the plugin's bound: so long that waiting more than once stands out, and a busy
# machine keeps it
TIMEOUT = 2.0 * SLOW
# so many late answers in a row close the connection
LATE = 5
GW, PEER, PEER2, NAT, NAT2 = ("10.0.1.1", "10.0.2.1", "10.0.2.2", "10.0.1.254",
                              "10.0.1.253")
NOBODY = "10.0.2.99"
ESP, AH = 50, 51
REQUESTS = 8    # that may be without answer
# strongSwan's plugins that keys and certificates need; an emulated processor
# takes seconds to load all that there are
PARSERS = "random pem pkcs1 pkcs8 x509 pubkey curve25519 sha1 sha2"
ID_FQDN, ID_USER_FQDN, ID_IPV4, ID_DN, ID_KEY = 2, 3, 1, 9, 11


def run(*command, check=True, timeout=300 * SLOW):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=timeout,
                          check=False)
    if check and done.returncode:
        raise AssertionError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


def sh(script):
    return run("sh", "-ec", script)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def eventually(what, condition, timeout=60):
    """For what nothing tells us about: the kernel's and charon's own tables."""
    deadline = time.monotonic() + timeout * SLOW
    while True:
        got = condition()
        if got is True:
            return
        if time.monotonic() > deadline:
            raise AssertionError("%s: %s" % (what, got))
        time.sleep(0.05)


def xfrm_socket(netns, groups=0):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as here, \
            open("/run/netns/" + netns, "rb") as there:
        libc.setns(there.fileno(), 0)
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6)
        sock.bind((0, groups))
        libc.setns(here.fileno(), 0)
    return sock


NLMSG_DONE, DELSA, NEWSA, GETSA, UPDSA = 3, 0x11, 0x10, 0x12, 0x1a


def parse_sa(data):
    """(destination, SPI, protocol) in a message about an SA, or None"""
    kind, = struct.unpack_from("=H", data, 4)
    # NEWSA, UPDSA: after its selector; DELSA: first thing
    at = {NEWSA: 72, UPDSA: 72, DELSA: 16}.get(kind)
    if at is None:
        return None
    spi, proto = struct.unpack_from("!IB", data, at + 16)
    family, = struct.unpack_from("=H", data, 16 + 212) \
        if kind != DELSA else struct.unpack_from("=H", data, at + 20)
    dst = socket.inet_ntop(family, data[at:at + (4 if family == 2 else 16)])
    return dst, spi, proto


class Monitor(threading.Thread):
    """The kernel's notifications about SAs, with the time they were read."""

    def __init__(self, netns):
        super().__init__(daemon=True)
        self.sock = xfrm_socket(netns, 1 << 2)      # XFRMGRP_SA
        self.lock = threading.Lock()
        self.installed = {}
        self.too_early = []
        self.sink = None
        self.count = 0

    def run(self):
        while True:
            data = self.sock.recv(65536)
            now = time.monotonic()
            key = parse_sa(data)
            if not key:
                continue
            with self.lock:
                if struct.unpack_from("=H", data, 4) == (DELSA,):
                    self.installed.pop(key, None)
                    continue
                self.count += 1
                self.installed[key] = now
                sink = self.sink
                if sink and key not in sink.acked:
                    self.too_early.append(key)

    def answering(self, msg):
        """The sink is about to answer: it must not be there yet."""
        sink = self.sink
        if msg["type"] != "SA" or not sink:
            return
        key = (msg["DST"], msg["SPI"], msg["PROTO"])
        with self.lock:
            # updates of what is there are announced too
            if key in self.installed and key not in sink.acked:
                self.too_early.append(key)


class Charon:
    def __init__(self, name, config, plugin):
        self.name = name
        self.log = "%s/%s.log" % (ROOM, name)
        self.vici = "%s/%s.vici" % (ROOM, name)
        self.plugin = plugin
        self.process = None
        self.config = config
        with open("%s/%s.strongswan.conf" % (ROOM, name), "w",
                  encoding="utf-8") as f:
            f.write("""
swanctl {
    # to read keys and certificates
    load = PARSERS
}
charon {
    load = PARSERS nonce aes md5 hmac kdf gcm constraints revocation \
        kernel-netlink socket-default vici updown eap-identity eap-md5 \
        xauth-generic MORE
    install_routes = no
    install_virtual_ip = no
    delete_rekeyed_delay = 1
    retransmit_tries = 3
    retransmit_timeout = AGAIN
    i_dont_care_about_security_and_use_aggressive_mode_psk = yes
    FLUSH
    plugins {
        vici {
            socket = unix://VICI
        }
        ipsec-qos {
            socket = FEED
            timeout = TIMEOUT
        }
    }
    filelog {
        log {
            path = LOG
            default = 1
            knl = 2
            ike = 2
            chd = 2
            time_format = %T
            time_add_ms = yes
            flush_line = yes
        }
    }
}
""".replace("VICI", self.vici).replace("MORE", "ipsec-qos" if plugin else "")
   .replace("PARSERS", PARSERS)
   .replace("FEED", FEED).replace("LOG", self.log)
   .replace("TIMEOUT", str(int(TIMEOUT * 1000)))
   .replace("AGAIN", str(SLOW))  # longer than what holds it up
   .replace("FLUSH", "flush_auth_cfg = yes" if plugin else ""))
        with open("%s/%s.d/swanctl.conf" % (ROOM, name), "w",
                  encoding="utf-8") as f:
            f.write(config)

    def start(self):
        environ = dict(os.environ, STRONGSWAN_CONF="%s/%s.strongswan.conf" %
                       (ROOM, self.name))
        wrapper = " ".join(WRAPPER) if self.plugin else ""
        # each has a /run of its own for its pid file
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, "unshare", "-m", "sh", "-c",
             "mount -t tmpfs tmpfs /run && exec %s /usr/lib/ipsec/charon" %
             wrapper], env=environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open("%s/%s.err" % (ROOM, self.name), "ab"))
        eventually(self.name + "'s charon is up", self.answers)
        # certificates and keys are taken from the folder it is in
        run("env", "STRONGSWAN_CONF=%s/%s.strongswan.conf" % (ROOM, self.name),
            "swanctl", "--load-all", "--uri", "unix://" + self.vici,
            "--file", "%s/%s.d/swanctl.conf" % (ROOM, self.name))
        return self

    def answers(self):
        try:
            return "version" in self.ask("version") or "no answer"
        except (OSError, EOFError) as e:
            return str(e)

    def ask(self, command, check=True, **values):
        """What swanctl would ask. Starting that takes longer than its answer."""
        charon = vici.Charon(self.vici)
        try:
            answer, _ = charon.ask(command, {
                name.replace("_", "-"): value for name, value in values.items()})
        finally:
            charon.close()
        if check and answer.get("success", "yes") != "yes":
            raise AssertionError("%s's charon, %s %s: %s" % (
                self.name, command, values, answer.get("errmsg")))
        return answer

    def initiate(self, child):
        return self.ask("initiate", child=child)

    def list_sas(self):
        charon = vici.Charon(self.vici)
        try:
            return charon.list_sas()
        finally:
            charon.close()

    def ikes(self):
        """(unique id, SPI_I, SPI_R) of those that are established"""
        return {(int(ike["uniqueid"]), int(ike["initiator-spi"], 16),
                 int(ike["responder-spi"], 16)) for ike in self.list_sas()
                if ike["state"] in ("ESTABLISHED", "REKEYED", "DELETING")}

    def logged(self, *texts):
        """Number of lines with all texts"""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return sum(all(t in line for t in texts) for line in f)

    def held_up(self, since):
        """Seconds spent between requests and their answers, from a time on"""
        total, asked = 0, {}
        with open(self.log, encoding="utf-8", errors="replace") as f:
            for line in f:
                found = re.match(r"(\d+):(\d+):(\S+) (\d+)\[ENC\] (\w+) "
                                 r"(?:IKE_AUTH|CREATE_CHILD_SA|QUICK_MODE) "
                                 r"(?:request|response)", line)
                if not found:
                    continue
                h, m, s, thread, what = found.groups()
                at = int(h) * 3600 + int(m) * 60 + float(s)
                if at < since:
                    continue
                if what == "parsed":
                    asked[thread] = at
                elif what == "generating" and thread in asked:
                    total += at - asked.pop(thread)
        return total

    def stop(self, how=signal.SIGTERM):
        # what unshare and sh became
        self.process.send_signal(how)
        return self.process.wait(30 * SLOW)


def kernel_sas():
    """All in gw's kernel. To start ip takes longer than this."""
    found = set()
    with xfrm_socket("gw") as sock:
        # NLM_F_REQUEST, NLM_F_DUMP; no further conditions
        sock.send(struct.pack("=IHHII", 16, GETSA, 0x301, 1, 0))
        while True:
            data = sock.recv(65536)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return {sa for sa in found if sa[2] in (ESP, AH)}
                found.add(parse_sa(data[:length]))
                data = data[length + 3 & ~3:]


class World:
    """Everything, made once and used by all scenarios"""

    def __init__(self):
        sh("""
        for ns in gw router peer; do
            ip netns add $ns
            ip -n $ns link set lo up
        done
        ip link add gw0 netns gw type veth peer name r1 netns router
        ip link add peer0 netns peer type veth peer name r2 netns router
        ip -n gw addr add 10.0.1.1/24 dev gw0
        ip -n router addr add 10.0.1.254/24 dev r1
        ip -n router addr add 10.0.1.253/24 dev r1
        ip -n router addr add 10.0.2.254/24 dev r2
        ip -n peer addr add 10.0.2.1/24 dev peer0
        ip -n gw link set gw0 up
        ip -n router link set r1 up
        ip -n router link set r2 up
        ip -n peer link set peer0 up
        ip -n gw addr add 10.1.0.1/32 dev lo
        ip -n peer addr add 10.2.0.1/32 dev lo
        ip -n gw route add default via 10.0.1.254
        ip -n peer route add default via 10.0.2.254
        ip netns exec router sysctl -q net.ipv4.ip_forward=1
        ip netns exec peer sysctl -q net.ipv4.conf.all.promote_secondaries=1
        """)
        make_certificates()
        shutil.copy(PLUGIN, "/usr/lib/ipsec/plugins/")
        self.monitor = Monitor("gw")
        self.monitor.start()
        self.sink = None
        self.new_sink().start()
        self.gw = Charon("gw", gw_config(), True).start()
        self.peer = Charon("peer", peer_config(), False).start()
        self.sink.wait("synchronised", lambda: self.sink.synced)
        self.watch()

    def new_sink(self, **options):
        options.setdefault("delay", 0.03)
        out = open(ROOM + "/feed.json", "a", encoding="utf-8")
        self.sink = FeedSink(FEED, out=out, before_ack=self.monitor.answering,
                             **options)
        return self.sink

    def watch(self):
        """From now on no SA may be installed that was not announced"""
        with self.sink.changed:
            self.sink.acked.update(dict.fromkeys(kernel_sas(), 0))
        self.monitor.sink = self.sink

    def unwatch(self):
        self.monitor.sink = None

    def settled(self, children=None, ikes=None):
        """Until the daemon knows exactly what charon and the kernel have"""
        def difference():
            with self.sink.changed:
                told = set(self.sink.sas)
                pending = [k for k, v in self.sink.sas.items() if v["PENDING"]]
                told_ikes = {(i, m["SPI_I"], m["SPI_R"])
                             for i, m in self.sink.ikes.items()}
                owners = {v["IKE_ID"] for v in self.sink.sas.values()}
                n_children = len(self.sink.children)
            have = kernel_sas()
            if told != have:
                return "told %s, the kernel has %s" % (told, have)
            have_ikes = self.gw.ikes()
            if told_ikes != have_ikes:
                return "told %s, charon has %s" % (told_ikes, have_ikes)
            if not owners <= {i[0] for i in told_ikes}:
                return "SAs of %s, which are gone" % owners
            if pending:
                return "%s still pending" % pending
            if children is not None and children != n_children:
                return "%d CHILD SAs" % n_children
            if ikes is not None and ikes != len(told_ikes):
                return "%d IKE SAs" % len(told_ikes)
            return True
        eventually("tables are equal", difference)
        self.sane()

    def sane(self):
        check(not self.sink.errors, self.sink.errors)
        check(not self.monitor.too_early,
              "in the kernel before announced: %s" % self.monitor.too_early)

    def clear(self):
        for charon in (self.peer, self.gw):
            for ike in charon.list_sas():
                charon.ask("terminate", check=False, ike_id=ike["uniqueid"],
                           force="yes")
        self.settled(0, 0)

    def peer_ike(self, conn):
        """The IKE message about the one IKE SA of a connection"""
        with self.sink.changed:
            found = [m for m in self.sink.ikes.values() if m["CONN"] == conn]
        check(len(found) == 1, "%d IKE SAs of %s" % (len(found), conn))
        return found[0]


def make_certificates():
    for name in ("gw", "peer"):
        for folder in ("x509ca", "x509", "private"):
            os.makedirs("%s/%s.d/%s" % (ROOM, name, folder))
    with open(ROOM + "/pki.conf", "w", encoding="utf-8") as f:
        f.write("pki {\n load = %s\n}\n" % PARSERS)
    sh("""
    cd %s
    export STRONGSWAN_CONF=pki.conf
    pki --gen --type ed25519 > ca.key
    pki --self --type ed25519 --in ca.key --ca --dn 'C=CH, O=test, CN=ca' > ca.crt
    for name in gw peer; do
        pki --gen --type ed25519 > $name.d/private/key
        pki --issue --type priv --in $name.d/private/key --cacert ca.crt \
            --cakey ca.key --dn "C=CH, O=test, CN=$name" --san $name.example \
            > $name.d/x509/crt
        cp ca.crt $name.d/x509ca/
    done""" % ROOM)


# name: (version and more, peer's local, gw's remote, gw's own)
AUTH = {
    "v2-psk": ("version = 2", "auth = psk\nid = alice@example.org", "", "psk"),
    "v2-addr": ("version = 2\nmobike = no",
                "auth = psk\nid = 10.0.2.1", "", "psk"),
    "v2-cert": ("version = 2", "auth = pubkey\nid = \"C=CH, O=test, CN=peer\"",
                "", "pubkey"),
    "v2-eap": ("version = 2", "auth = eap-md5\nid = road\neap_id = carol",
               "auth = eap-md5\nid = road\neap_id = %any", "pubkey"),
    "v1-main": ("version = 1", "auth = psk\nid = main.example.org", "", "psk"),
    "v1-aggr": ("version = 1\naggressive = yes",
                "auth = psk\nid = keyid:site-a", "", "psk"),
    "v1-xauth": ("version = 1", "auth = psk\nid = xauth.example.org", "",
                 "psk"),
}
PROPOSALS = "proposals = aes128-sha256-x25519"


# of gw's AH
MARKS = """mark_in = 0x51
                mark_out = 0x752/0xff
                set_mark_in = 0x3/0xf
                set_mark_out = %same/0xfff"""


def connection(name, own, other, local, remote, number, extra, xauth):
    net = (("10.1.0.0/24", "10.2.0.0/24") if own == GW else
           ("10.2.0.0/24", "10.1.0.0/24"))
    return """
    %s {
        %s
        %s
        local_addrs = %s
        remote_addrs = %s
        unique = no
        rekey_time = 0
        reauth_time = 0
        local {
            %s
        }
        remote {
            %s
        }
        %s
        children {
            %s {
                local_ts = %s[tcp/%d]
                remote_ts = %s[tcp]
                esp_proposals = aes128-sha256-x25519
                rekey_time = 0
            }
            %s-two {
                local_ts = %s[udp/%d]
                remote_ts = %s[udp]
                mode = transport
                esp_proposals = aes128-sha256-x25519
                rekey_time = 0
            }
            %s-ah {
                local_ts = %s[icmp]
                remote_ts = %s[icmp]
                ah_proposals = sha256
                rekey_time = 0
                %s
            }
        }
    }""" % (name, extra, PROPOSALS, own, other, local, remote, xauth,
            name, net[0], number, net[1],
            name, own, number, "0.0.0.0/0" if own == GW else GW,
            name, net[0], net[1], MARKS if own == GW else "")


def config(own, other, gw):
    out = "connections {"
    for i, (name, (extra, local, remote, auth)) in enumerate(AUTH.items()):
        mine = "auth = %s\nid = gw.example" % auth
        remote = remote or local
        xauth = ""
        if name == "v1-xauth":
            xauth = ("remote-x {\nauth = xauth\n}" if gw else
                     "local-x {\nauth = xauth\nxauth_id = dave\n}")
        out += connection(name, own, other, mine if gw else local,
                          remote if gw else mine, 1000, extra, xauth)
    return out + """
}
secrets {
    ike {
        secret = "quite secret"
    }
    eap {
        id = carol
        secret = "eap secret"
    }
    xauth {
        id = dave
        secret = "xauth secret"
    }
}
"""


def gw_config():
    return config(GW, "%any", True)


def peer_config():
    # one selector of ports on gw's side, any on the peer's
    return re.sub(r"local_ts = (\S+)\[(\w+)/\d+\]", r"local_ts = \1[\2]",
                  re.sub(r"remote_ts = (\S+)\[(tcp|udp)\]",
                         r"remote_ts = \1[\2/1000]", config("10.0.2.0/24", GW,
                                                          False)))


SCENARIOS = []


def scenario(function):
    @functools.wraps(function)
    def wrapped(world):
        function(world)
        world.clear()
    SCENARIOS.append(wrapped)
    return wrapped


def check_identity(world, name, *expected):
    if name == "v1-xauth":
        # otherwise its first quick mode may overtake the end of XAuth, which
        # charon does not survive
        world.peer.ask("initiate", ike=name)
        world.sink.wait("established", lambda: world.sink.ikes)
    world.peer.initiate(name)
    world.settled(1, 1)
    ike = world.peer_ike(name)
    proved = [identity[:4] + (bytes.fromhex(identity[4]),)
              for identity in ike["IDENTITY"]]
    check(proved == list(expected), "identities %s" % proved)
    check((ike["LOCAL"], ike["REMOTE"]) == (GW, PEER), ike)
    check(ike["IKE_VERSION"] == int(name[1]), ike)
    child, = world.sink.children.values()
    check(child["CHILD"] == name and child["REQID"] and not child["ENCAP"],
          child)
    # the first word about this IKE SA comes before the one about its SAs
    first = next(m for m in world.sink.messages
                 if m.get("IKE_ID") == ike["IKE_ID"])
    check(first["type"] == "IKE", first)


@scenario
def identities(world):
    """each kind of authentication, the peer initiates"""
    check_identity(world, "v2-psk",
                   (ID_USER_FQDN, 1, "ike", "psk", b"alice@example.org"))
    world.clear()
    check_identity(world, "v2-addr",
                   (ID_IPV4, 1, "ike", "psk", bytes([10, 0, 2, 1])))
    world.clear()
    world.peer.initiate("v2-cert")
    world.settled(1, 1)
    ike = world.peer_ike("v2-cert")
    (*what, data), = ike["IDENTITY"]
    check(what == [ID_DN, 1, "ike", "pubkey"] and b"peer" in bytes.fromhex(data),
          ike)
    world.clear()
    # identities of further rounds survive charon.flush_auth_cfg and rekeying
    check_identity(world, "v2-eap", (ID_FQDN, 1, "eap", "eap-md5", b"carol"),
                   (ID_FQDN, 1, "claimed", "eap-md5", b"road"))
    before = world.peer_ike("v2-eap")["IDENTITY"]
    world.peer.ask("rekey", ike="v2-eap")
    world.sink.wait("the new IKE SA", lambda: len(
        {m["IKE_ID"] for m in world.sink.messages
         if m["type"] == "IKE" and m["CONN"] == "v2-eap"}) == 2)
    world.settled(1, 1)
    check(world.peer_ike("v2-eap")["IDENTITY"] == before, "lost identities")
    world.clear()
    check_identity(world, "v1-main",
                   (ID_FQDN, 1, "ike", "psk", b"main.example.org"))
    world.clear()
    check_identity(world, "v1-aggr", (ID_KEY, 1, "ike", "psk", b"site-a"))
    world.clear()
    check_identity(world, "v1-xauth",
                   (ID_FQDN, 1, "ike", "psk", b"xauth.example.org"),
                   (ID_FQDN, 2, "xauth", "xauth", b"dave"))


@scenario
def initiator(world):
    """gw initiates; AH, transport mode, several CHILD SAs"""
    for name in ("v2-psk", "v1-main"):
        # it needs to know where to
        world.gw.ask("initiate", check=False, child=name, timeout="5000")
    check(not world.sink.ikes, "an IKE SA to nowhere was reported")
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for child in ("v2-psk-two", "v2-psk-ah"):
        world.gw.initiate(child)
    world.settled(3, 1)
    protos = {m["PROTO"] for m in world.sink.children.values()}
    check(protos == {ESP, AH}, protos)
    names = ("MARK_IN", "MARK_OUT", "SET_MARK_IN", "SET_MARK_OUT")
    for child in world.sink.children.values():
        marks = tuple(hex(child[n]) for n in names if n in child)
        check(marks == (("0x51ffffffff", "0x52000000ff", "0x30000000f",
                         "0x5200000fff") if child["PROTO"] == AH else ()), marks)
    world.peer.initiate("v1-main")
    world.gw.initiate("v1-main-two")
    world.settled(5, 2)


def rekey(world, charon, kind, name, times):
    for _ in range(times):
        before = {m["IKE_ID"] if kind == "ike" else i
                  for i, m in world.sink.children.items()}
        charon.ask("rekey", **{kind: name})
        world.sink.wait("rekeyed", lambda b=before: not b & {
            m["IKE_ID"] if kind == "ike" else i
            for i, m in world.sink.children.items()})
        world.settled()


@scenario
def rekeys(world):
    """CHILD and IKE SAs, by either side"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for charon in (world.peer, world.gw):
        # IKEv2 deletes the old CHILD SA at once
        rekey(world, charon, "child", "v2-psk", 3)
        rekey(world, charon, "ike", "v2-psk", 3)
    world.settled(1, 1)
    # inbound SAs of rekeys are announced with the SPI already
    announced = {}
    for m in world.sink.messages:
        if m["type"] == "SA" and m.get("PENDING") and m["DST"] == GW:
            announced.setdefault(m["SPI"], []).append(m)
    check(sum(len(v) == 2 for v in announced.values()) >= 6, announced)
    world.clear()
    world.peer.initiate("v1-main")
    world.settled(1, 1)
    for charon in (world.peer, world.gw):
        n = len(world.sink.children)
        charon.ask("rekey", child="v1-main")
        # IKEv1 keeps the rekeyed one
        world.sink.wait("rekeyed", lambda: len(world.sink.children) == n + 1)
        world.settled()


@scenario
def collisions(world):
    """both sides rekey at once"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for kind in ("child", "ike"):
        # charon loses one that waits to be deleted while its IKE SA is rekeyed
        world.settled(1, 1)
        for _ in range(5):
            both = [threading.Thread(target=c.ask, args=("rekey", False),
                                     kwargs={kind: "v2-psk"})
                    for c in (world.peer, world.gw)]
            for t in both:
                t.start()
            for t in both:
                t.join()
            world.settled(ikes=1)
    # losers of a collision are deleted last
    world.settled(1, 1)


@scenario
def reauthentication(world):
    """IKEv2: all anew; IKEv1: the children move to the new IKE SA"""
    for name in ("v2-psk", "v1-main", "v1-aggr"):
        for charon in (world.peer, world.gw):
            world.peer.initiate(name)
            world.settled(1, 1)
            old = world.peer_ike(name)["IKE_ID"]
            charon.ask("rekey", ike=name, reauth="yes")
            world.sink.wait("a new IKE SA with children", lambda: old not in {
                m["IKE_ID"] for m in world.sink.children.values()} and
                world.sink.children)
            world.clear()


@scenario
def mobike(world):
    """the peer moves to another address, and back"""
    world.peer.initiate("v2-psk")
    world.peer.initiate("v2-psk-two")
    world.settled(2, 1)
    for old, new in ((PEER, PEER2), (PEER2, PEER)):
        count = world.sink.count(type="SA_DEL", DST=old)
        sh("ip -n peer addr add %s/24 dev peer0 && "
           "ip -n peer addr del %s/24 dev peer0 && "
           "ip -n peer route replace default via 10.0.2.254" % (new, old))
        world.sink.wait("moved to " + new, lambda o=old, n=new, c=count:
                        world.sink.count(type="SA_DEL", DST=o) >= c + 2 and
                        all(m["REMOTE"] == n for m in
                            world.sink.children.values()))
        world.settled(2, 1)
        check(world.peer_ike("v2-psk")["REMOTE"] == new, "the IKE SA did not")
    # the same, with an IKE SA that was rekeyed
    rekey(world, world.gw, "ike", "v2-psk", 1)


@scenario
def nat(world):
    """the peer is behind a NAT, whose mapping changes"""
    def translate_to(address):
        sh("""ip netns exec router sh -ec '
        nft flush chain ip nat post
        nft "add rule ip nat post oif r1 snat to %s"'""" % address)

    sh("""ip netns exec router sh -ec '
    nft add table ip nat
    nft "add chain ip nat post { type nat hook postrouting priority 100; }"'""")
    translate_to(NAT)
    # mappings are to be forgotten soon
    sh("ip netns exec router sysctl -q "
       "net.netfilter.nf_conntrack_udp_timeout=1 "
       "net.netfilter.nf_conntrack_udp_timeout_stream=1")
    try:
        # MOBIKE notices later
        names = ("v2-addr", "v1-main")
        for name in names:
            world.peer.initiate(name)
            world.settled()
            check(world.peer_ike(name)["REMOTE"] == NAT, "not behind NAT")
        check(all(m["ENCAP"] for m in world.sink.children.values()),
              "not encapsulated")
        world.settled(2, 2)
        translate_to(NAT2)
        # until the old mapping is forgotten
        eventually("the mapping is gone", lambda: "10.0.2.1" not in
                   run("ip", "netns", "exec", "router", "cat",
                       "/proc/net/nf_conntrack", check=False) or "still there")
        # any packet will do
        for name in names:
            world.peer.ask("rekey", child=name)
        world.sink.wait("moved", lambda: all(
            m["REMOTE"] == NAT2 for m in list(world.sink.ikes.values()) +
            list(world.sink.children.values())))
        world.settled(ikes=2)
    finally:
        sh("ip netns exec router nft delete table ip nat")


@scenario
def absent(world):
    """the daemon dies and returns: no delay, and everything is told again"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.unwatch()
    passed_over = world.sink.passed_over
    world.sink.stop()
    start = clock()
    world.peer.initiate("v1-main")
    took = world.gw.held_up(start)
    check(took < 2 * TIMEOUT, "held up for %.1f s without a daemon" % took)
    world.gw.ask("rekey", child="v2-psk")
    eventually("it is there", lambda: len(kernel_sas()) >= 4)
    sink = world.new_sink()
    start = time.monotonic()
    sink.start()
    sink.wait("told everything", lambda: sink.synced)
    took = time.monotonic() - start
    check(took < 2 * SLOW, "took %.1f s to tell it" % took)
    check(sink.passed_over >= passed_over + 2, "told that %d were passed over, "
          "%d before" % (sink.passed_over, passed_over))
    world.settled(2, 2)
    eventually("the count is logged", lambda: world.gw.logged(
        " SAs were passed over before") >= 2 or "no")
    world.watch()


def clock():
    """The time of day in seconds, as charon's log has it"""
    now = time.localtime()
    return now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec


def bad_daemon(world, behaviour, outage, delay=0.03):
    """While it behaves so IKE is held up for a while, and not again"""
    complaints = world.gw.logged(outage)
    passed_over = world.sink.passed_over
    world.sink.behaviour = behaviour
    world.sink.delay = delay
    world.unwatch()
    start = clock()
    for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
        world.peer.initiate(child)
    # nine times it wanted to ask, for six SAs
    took = world.gw.held_up(start)
    check(took < (LATE + 1) * TIMEOUT, "held up for %.1f s by a daemon that is "
          "%s" % (took, behaviour))
    check(len(kernel_sas()) == 6, "not installed")
    eventually("it is logged", lambda: world.gw.logged(outage) > complaints or
               "not")
    world.sink.behaviour = "good"
    world.sink.delay = 0.03
    world.sink.wait("told everything", lambda: world.sink.synced and
                    len(world.sink.children) == 3)
    world.sink.wait("told how many were passed over", lambda:
                    world.sink.passed_over == passed_over + 6)
    world.settled(3, 1)
    world.watch()
    world.clear()


@scenario
def bad_daemons(world):
    """silent, slow, deaf, talking nonsense"""
    bad_daemon(world, "silent", "did not answer within")
    bad_daemon(world, "deaf", "did not answer within")
    bad_daemon(world, "garbage", "is gone: ")
    bad_daemon(world, "close", "is gone: ")
    bad_daemon(world, "good", "did not answer within", 2 * TIMEOUT)


@scenario
def late(world):
    """an answer is late: its SA alone is passed over, and told all the same"""
    children = ("v2-psk", "v2-psk-two", "v2-psk-ah")
    # the kernel has loaded what it needs for them
    for child in children:
        world.peer.initiate(child)
    world.settled(3, 1)
    world.clear()
    world.unwatch()
    world.sink.lateness = 1.1 * TIMEOUT
    connections = world.sink.connections
    for which, child in enumerate(children):
        passed_over = world.sink.passed_over
        world.sink.late = iter([i == which for i in range(3)])
        logged = world.gw.logged("did not answer within", "an SA is passed over")
        world.peer.initiate(child)
        eventually("one was late", lambda n=logged: world.gw.logged(
            "did not answer within", "an SA is passed over") == n + 1 or "no")
        # the first request is for an SA that another announces again
        world.sink.wait("told", lambda n=passed_over + bool(which):
                        world.sink.passed_over == n)
        world.settled(which + 1, 1)
    check(world.sink.connections == connections, "connected again")
    world.watch()


@scenario
def late_in_a_row(world):
    """one fewer than close the connection, and as many"""
    # one that is not late before the row
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.clear()
    world.unwatch()
    world.sink.lateness = 1.1 * TIMEOUT
    for times in (LATE - 1, LATE):
        connections = world.sink.connections
        passed_over = world.sink.passed_over
        world.sink.late = iter([True] * times)
        for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
            world.peer.initiate(child)
        if times < LATE:
            # of three requests each two are for SAs that get installed
            world.sink.wait("told", lambda n=passed_over + 2:
                            world.sink.passed_over == n)
            world.settled(3, 1)
            check(world.sink.connections == connections, "connected again")
        else:
            # two of the first CHILD SA, two of the second; and what of the third
            # was before there was a connection again
            world.sink.wait("another connection", lambda n=connections:
                            world.sink.connections > n and world.sink.synced)
            check(world.sink.passed_over >= passed_over + 4, "passed over")
            world.settled(3, 1)
        world.clear()
    world.watch()


@scenario
def refused(world):
    """a daemon of another version, and one that has no room"""
    world.unwatch()
    for behaviour, text in (("version", "speaks another protocol"),
                            ("refuse", "refused the connection")):
        world.sink.stop()
        sink = world.new_sink(behaviour=behaviour).start()
        sink.wait("asked twice", lambda s=sink: s.count(type="HELLO") >= 2)
        world.peer.initiate("v2-psk")
        # further ones are for those who debug
        loud = world.gw.logged(text, "SAs are passed over until it is back")
        check(loud == 1, "logged %d times" % loud)
        check(sink.count(type="HELLO") == len(sink.messages),
              "talked to it all the same")
        world.peer.ask("terminate", ike="v2-psk")
        sink.behaviour = "good"
        sink.wait("agreed", lambda s=sink: s.synced)
    world.sink.behaviour = "error"
    world.peer.initiate("v2-psk")
    world.peer.initiate("v2-psk-two")
    check(world.gw.logged("refused: the table is full") > 0, "not logged")
    world.sink.behaviour = "good"
    world.watch()


@scenario
def returns_in_the_middle(world):
    """the daemon goes and comes while SAs come and go"""
    world.unwatch()
    for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
        world.peer.initiate(child)
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            for charon in (world.gw, world.peer):
                for child in ("v2-psk", "v2-psk-two"):
                    charon.ask("rekey", check=False, child=child)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            world.sink.stop()
            world.new_sink(delay=0.001).start()
            world.sink.wait("told everything", lambda: world.sink.synced)
    finally:
        stop.set()
        thread.join()
    world.settled(ikes=1)
    world.watch()


@scenario
def charon_restart(world):
    """charon ends: in order, with the daemon silent, and killed"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    check(world.gw.stop() == 0, "charon's exit status")
    world.sink.wait("all is deleted", lambda: not world.sink.sas and
                    not world.sink.ikes)
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    world.clear()

    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.sink.behaviour = "silent"
    check(world.gw.stop() == 0, "charon's exit status")
    world.sink.behaviour = "good"
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    world.clear()

    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.gw.stop(signal.SIGKILL)
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    # the new one does not know what the old one left
    run("ip", "-n", "gw", "xfrm", "state", "flush")
    run("ip", "-n", "gw", "xfrm", "policy", "flush")


def ask(world, error=0, timeout=20.0, **what):
    """Ask charon for a tunnel; its result has to have that error."""
    seq = world.sink.request(TIMEOUT=int(timeout * 1000 * SLOW), **what)
    result = world.sink.result(seq, timeout=60 * SLOW)
    check(result["ERROR"] == error, result)
    return result


@scenario
def requests(world):
    """charon initiates what the daemon asks for, and tells what became of it"""
    start = clock()
    result = ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    with world.sink.changed:
        # whatever there is was stated before
        before = world.sink.messages[:world.sink.messages.index(result)]
    for kind in ("IKE", "CHILD"):
        name = kind + "_ID"
        check(any(m["type"] == kind and m[name] == result[name]
                  for m in before), "%s is not stated before" % kind)
    world.settled(1, 1)
    again = ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    check((again["IKE_ID"], again["CHILD_ID"]) ==
          (result["IKE_ID"], result["CHILD_ID"]), "another one: %s" % again)
    # the same IKE SA serves another CHILD SA, two at once the same one
    both = [world.sink.request(CONN="v2-psk", CHILD="v2-psk-ah", REMOTE=PEER,
                               TIMEOUT=20000 * SLOW) for _ in range(2)]
    both = [world.sink.result(seq) for seq in both]
    check(all(r["ERROR"] == 0 and r["IKE_ID"] == result["IKE_ID"] and
              r["CHILD_ID"] == both[0]["CHILD_ID"] for r in both), both)
    world.settled(2, 1)
    ask(world, CONN="v1-main", CHILD="v1-main", REMOTE=PEER)
    world.settled(3, 2)
    took = world.gw.held_up(start)
    check(took < TIMEOUT, "others were held up for %.1f s" % took)


@scenario
def refused_requests(world):
    """what charon does not have, cannot do, or what comes to nothing"""
    for error, text, what in (
            (errno.ENOENT, "no such connection", {"CONN": "nobody"}),
            (errno.ENOENT, "no such CHILD SA",
             {"CONN": "v2-psk", "CHILD": "nothing", "REMOTE": PEER}),
            (errno.EINVAL, "several CHILD SAs",
             {"CONN": "v2-psk", "REMOTE": PEER}),
            (errno.EINVAL, "names no peer", {"CONN": "v2-psk", "CHILD": "v2-psk"}),
            (errno.EINVAL, "no peer's",
             {"CONN": "v2-psk", "CHILD": "v2-psk", "REMOTE": "0.0.0.0"}),
            # its peer would have to begin with EAP
            (errno.ECONNREFUSED, "the peer",
             {"CONN": "v2-eap", "CHILD": "v2-eap", "REMOTE": PEER})):
        result = ask(world, error, **what)
        check(text in result["MESSAGE"], result)
    world.settled(0)
    start = time.monotonic()
    result = ask(world, errno.ETIMEDOUT, 1.0, CONN="v2-psk", CHILD="v2-psk",
                 REMOTE=NOBODY)
    took = time.monotonic() - start
    check("not up within" in result["MESSAGE"], result)
    check(SLOW <= took < 3 * SLOW, "a second took %.1f s" % took)


@scenario
def many_requests(world):
    """a ceiling, told; beyond that the daemon is disconnected, and IKE goes on"""
    connections = world.sink.connections
    world.unwatch()
    seqs = [world.sink.request(CONN="v2-psk", CHILD="v2-psk",
                               REMOTE="10.0.2.%d" % (100 + i),
                               TIMEOUT=3000 * SLOW) for i in range(40)]
    start = clock()
    world.peer.initiate("v1-main")
    took = world.gw.held_up(start)
    check(took < TIMEOUT, "IKE was held up for %.1f s" % took)
    errors = [world.sink.result(seq, 60 * SLOW)["ERROR"] for seq in seqs]
    check(errors == [errno.ETIMEDOUT] * REQUESTS + [errno.EBUSY] * 32, errors)
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    check(world.sink.connections == connections, "connected again")

    def disconnected(what, text):
        world.sink.wait(what, lambda: world.sink.connections == connections + 1
                        and world.sink.synced, 60 * SLOW)
        check(world.gw.logged("is disconnected: " + text) == 1, "not logged")
    for _ in range(REQUESTS + 65):
        try:
            world.sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                               TIMEOUT=300000)
        except OSError:
            break
    disconnected("a flood", "it asks on and on")
    # what was asked before is nobody's any more
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    connections += 1
    for _ in range(2):
        world.sink.request(seq=world.sink.asked + 1, CONN="v2-psk", CHILD="v2-psk",
                           REMOTE=NOBODY, TIMEOUT=300000)
    disconnected("the same number", "it asks again by the number")
    connections += 1
    world.sink.request("SYNC_START")
    world.sink.wait("nonsense", lambda: world.sink.connections == connections + 1
                    and world.sink.synced, 60 * SLOW)
    check(world.gw.logged("sent an unexpected message") == 1, "not logged")
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    world.watch()


@scenario
def requests_end(world):
    """either end dies with a request in the middle"""
    world.unwatch()
    world.sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                       TIMEOUT=5000 * SLOW)
    world.sink.stop()
    sink = world.new_sink().start()
    sink.wait("synchronised", lambda: sink.synced)
    # as many as there may be: the one before counts no more
    seqs = [sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                         TIMEOUT=1000 * SLOW) for _ in range(REQUESTS)]
    check([sink.result(seq)["ERROR"] for seq in seqs] ==
          [errno.ETIMEDOUT] * REQUESTS, sink.results)
    sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                 TIMEOUT=30000 * SLOW)
    connections = sink.connections
    world.gw.stop(signal.SIGKILL)
    world.gw.start()
    sink.wait("synchronised", lambda: sink.connections == connections + 1 and
              sink.synced)
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    world.watch()
    # and in order
    sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                 TIMEOUT=30000 * SLOW)
    check(world.gw.stop() == 0, "charon's exit status")
    world.gw.start()
    sink.wait("synchronised", lambda: sink.connections == connections + 2 and
              sink.synced)


def keep_logs():
    for name in os.listdir(ROOM):
        if name.endswith((".log", ".err", ".json")):
            shutil.copy(os.path.join(ROOM, name), os.environ["VM_OUT"])


def main():
    if "VM_OUT" in os.environ:
        atexit.register(keep_logs)
    world = World()
    wanted = sys.argv[1:]
    failed = 0
    for function in SCENARIOS:
        if wanted and function.__name__ not in wanted:
            continue
        start = time.monotonic()
        try:
            function(world)
            print("ok   %-24s %5.1f s  %s" % (
                function.__name__, time.monotonic() - start, function.__doc__),
                  flush=True)
        except Exception:   # pylint: disable=broad-except
            failed += 1
            print("FAIL %s" % function.__name__)
            traceback.print_exc()
            sys.stdout.flush()
            break
    print("%d SAs were installed" % world.monitor.count)
    check(world.gw.stop() == 0 or failed, "charon's exit status")
    world.peer.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
