# SPDX-License-Identifier: GPL-2.0-or-later
"""
What one sees on the gateway of tests/lib/customers.sh, and whether it is as
configured: who was recognised, who answers, what each class gets, the counters.
"""
import ctypes
import socket
import threading

from figures import bar, end, esp_frame, measure, near, qos, table, verdict

RATE, FLOOD = 2.0, 2.6  # megabits a second; an emulated processor is slow
SIZE = 1200
CLONE_NEWNET = 0x40000000
# site: home address, its own inner address, identity, type, group, mark
SITES = {
    "a": ("10.1.1.2", "192.168.1.2", "router7.customer-a.example", "FQDN",
          "gold", 0x10),
    "b": ("10.1.1.2", "192.168.1.2", "ops@customer-b.example", "USER_FQDN",
          "silver", 0x20),
    "c": ("10.3.3.2", "192.168.9.2", "who.knows.example", "FQDN", None, None),
}
SHARE = {"gold": (0.5, 1.0), "silver": (0.3, 0.6), "default": (0.2, 1.0)}
COUNTERS = ("esp_in", "esp_out", "ike_in", "ike_out", "clear_in", "clear_out")


def who_is_it():
    peers = {p["remote"]: p for p in qos("daemon", "status")["peers"]}
    sas = qos("sa", "show")
    groups = {g["name"]: g for g in qos("group", "show")}
    rows = []
    for i, (home, inner, identity, kind, group, mark) in enumerate(SITES.values()):
        p = peers.get("203.0.113.1%d" % (i + 1), {})
        g = groups.get(p.get("group"))
        here = [s for s in sas if g and s["group"] == g["name"]]
        good = (p.get("identity"), p.get("group")) == (identity, group) and \
            (not group or g["mark"] == mark and len(here) == 2)
        rows.append((p.get("remote", "-"), p.get("identity", "-"),
                     p.get("id_type", "-"), p.get("profile") or "-",
                     p.get("group") or "-",
                     "%#x/%#x" % (g["mark"], g["mask"]) if g else "-",
                     len(here), verdict(good)))
    table("Who is it? What IKE proved, and the mark that ESP carries for it",
          ["peer", "identity", "type", "profile", "group", "mark", "SAs", ""],
          rows)


def udp(netns):
    """A UDP socket in a network namespace; it stays there"""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as here, \
            open("/run/netns/" + netns, "rb") as there:
        for ns in there, here:
            if libc.setns(ns.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            if ns is there:
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return sock


def echo(sock, name, stop):
    sock.settimeout(0.2)
    while not stop.is_set():
        try:
            _, peer = sock.recvfrom(100)
            sock.sendto(name.encode(), peer)
        except TimeoutError:
            pass


def who_answers():
    """The same address, asked for from two places: who is there?"""
    stop, rows = threading.Event(), []
    threads = []
    for place in ("home", "site"):
        for c in SITES:
            name = "%s-%s" % (place, c)
            sock = udp(name)
            sock.bind(("", 7))
            threads.append(threading.Thread(target=echo, args=(sock, name, stop)))
            threads[-1].start()
    for c, (home, inner, *_) in SITES.items():
        for asker, address, wanted in (("home-" + c, inner, "site-" + c),
                                       ("site-" + c, home, "home-" + c)):
            sock = udp(asker)
            sock.settimeout(1)
            answer = "nobody"
            for _ in range(10):
                try:
                    sock.sendto(b"who?", (address, 7))
                    answer = sock.recv(100).decode()
                    break
                except TimeoutError:
                    pass
            rows.append((asker, home if asker[0] == "h" else inner, address,
                         answer, verdict(answer == wanted)))
    stop.set()
    for t in threads:
        t.join()
    table("Same addresses, different customers: who answers whom",
          ["from", "who is", "asks for", "and reaches", ""], rows)


def what_each_gets():
    flows = {}
    for i, (c, (home, inner, *_)) in enumerate(SITES.items()):
        flows[c] = "home-%s,site-%s,%s,%d,%d,%d" % (
            c, c, inner, 5000 + i, SIZE, esp_frame(SIZE))
    names = list(SHARE)

    def show(title, cs, wanted):
        some = [names["abc".index(c)] for c in cs]
        rates, said = measure(FLOOD, [flows[c] for c in cs])
        said = {c["class"]: c for c in said}
        rows = []
        for n, got, want in zip(some, rates, wanted):
            as_configured = near(said[n]["rate"], SHARE[n][0] * RATE * 1e6) and \
                near(said[n]["ceil"], SHARE[n][1] * RATE * 1e6)
            rows.append((n, "%.2f" % (said[n]["rate"] / 1e6),
                         "%.2f" % (said[n]["ceil"] / 1e6),
                         "%.2f" % (said[n]["measured"] / 1e6), "%.2f" % got,
                         bar(got / RATE).ljust(20),
                         verdict(as_configured and near(got, want) and
                                 near(said[n]["measured"] / 1e6, want))))
        table(title, ["class", "guaranteed", "ceiling", "measured", "arrived",
                      "of the line", ""], rows)

    show("What each gets: %g Mbit/s of line, %g offered to each at once (Mbit/s)"
         % (RATE, FLOOD), "abc", [SHARE[n][0] * RATE for n in names])
    show("Silver alone borrows what the others leave, up to its ceiling",
         "b", [SHARE["silver"][1] * RATE])


def thousands(n):
    return "{:,}".format(n).replace(",", " ")


def counters():
    groups = {g["name"]: g["counters"] for g in qos("group", "show")}
    rows = []
    for name, c in groups.items():
        rows.append([name] + [thousands(c[k]["packets"]) for k in COUNTERS] +
                    [verdict(all(c[k]["packets"] for k in COUNTERS))])
    st = qos("status")
    table("What was counted (packets)",
          ["group"] + [k.replace("_", " ") for k in COUNTERS] + [""], rows)
    print("\n  nobody's: %s packets untagged (the stranger's, and the first of "
          "each IKE),\n  %d malformed: %s" %
          (thousands(st["untagged"]["packets"]), st["malformed"]["packets"],
           verdict(st["untagged"]["packets"] and
                   not st["malformed"]["packets"])))


def main():
    who_is_it()
    who_answers()
    what_each_gets()
    counters()
    end()


main()
