# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two charons, and a stand-in for the daemon of the one that has the plugin

   gw 10.0.1.1 ---- 10.0.1.254 router 10.0.2.254 ---- 10.0.2.1 peer
   charon, plugin                                     charon
   and a stand-in for the daemon

Each end in a network namespace, charon's SAs in the kernel. After each step
what the daemon was told has to be what gw's charon and kernel have, and no SA
may appear in the kernel before the daemon answered for it.

A program whose scenarios are functions of a World, each with @scenario, ends with
sys.exit(main()): it runs all of them, or those that its arguments name.
"""
import atexit
import ctypes
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

from feed_sink import FeedSink
import vici

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
PLUGIN = os.path.join(TOP, "build/charon/libstrongswan-ipsec-qos.so")
# e.g. valgrind, for gw's charon
WRAPPER = os.environ.get("CHARON_WRAPPER", "").split()
SLOW = (10 if WRAPPER else 1) * int(os.environ.get("SLOW", 1))
ROOM = tempfile.mkdtemp(prefix="charon_world.")
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
    """What main() runs; nothing of it is left for the next"""
    @functools.wraps(function)
    def wrapped(world):
        function(world)
        world.clear()
    SCENARIOS.append(wrapped)
    return wrapped


def clock():
    """The time of day in seconds, as charon's log has it"""
    now = time.localtime()
    return now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec


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
