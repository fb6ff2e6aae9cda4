"""Reaching anybody."""

from tests.sandbox.hostile.snippet import Snippet

SNIPPETS = [
    Snippet("TCP", 'attempt("tcp", lambda: socket.create_connection(("127.0.0.1", HOST["tcp"]), timeout=1))'),
    Snippet("TCP over IPv6", 'attempt("tcp6", lambda: socket.create_connection(("::1", HOST["tcp"]), timeout=1))'),
    Snippet("UDP", 'attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", HOST["udp"])))'),
    Snippet("a local socket", 'sock = lambda: socket.socket(socket.AF_UNIX)\nattempt("unix", lambda: sock().connect(HOST["unix"]))'),
    Snippet("an abstract local socket", 'attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0" + HOST["abstract"]))'),
    Snippet("a datagram through a pair of sockets", """
attempt("pair", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", HOST["datagram"]))
attempt("pair", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
attempt("stream", lambda: socket.socketpair()[0].sendto(b"x", HOST["datagram"]))
"""),
    Snippet("names", 'attempt("dns", lambda: socket.getaddrinfo("example.org", 80))\nattempt("dns", lambda: socket.gethostbyname("localhost.example"))'),
    Snippet("listening", 'attempt("listen", lambda: socket.create_server(("127.0.0.1", 0)))\nattempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))'),
    Snippet("rare families", """
for family in (socket.AF_NETLINK, socket.AF_PACKET, getattr(socket, "AF_VSOCK", 40), getattr(socket, "AF_ALG", 38), getattr(socket, "AF_BLUETOOTH", 31), 44):
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        attempt(str(family), lambda family=family, kind=kind: socket.socket(family, kind))
"""),
    Snippet("an HTTP client", 'import urllib.request\nattempt("http", lambda: urllib.request.urlopen(f"http://127.0.0.1:{HOST[\'tcp\']}", timeout=1))'),
    Snippet("a socket by number", 'call("socket", 41, 198, 2, 1, 0)\ncall("socket", 41, 198, 1, 1, 0)\ncall("connect", 42, 203, 0, b"x", 1)'),
]  # fmt: skip
