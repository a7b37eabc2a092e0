"""For benches: what somebody asks of a server that speaks MongoDB's protocol, counted on the way through a socket of ours."""
import collections
import contextlib
import os
import socket
import struct
import threading

HEADER = 16
MESSAGE = 2013  # OP_MSG
UPKEEP = {"hello", "ismaster", "ping", "endsessions"}  # of the driver itself


class CountedMongo:
    def __init__(self, path, server):
        self.path, self.server = str(path), str(server)
        self.commands = collections.Counter()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, database):
        return f"mongodb://{self.path.replace('/', '%2F')}/{database}"

    def asked(self):
        return sum(count for name, count in self.commands.items() if name not in UPKEEP)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                threading.Thread(target=self.pass_on, args=(client, server), daemon=True).start()
                threading.Thread(target=copy, args=(server, client), daemon=True).start()

    def pass_on(self, client, server):
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = exactly(client, HEADER)
                length, _, _, kind = struct.unpack("<iiii", head)
                body = exactly(client, length - HEADER)
                self.commands[name_of(kind, body)] += 1
                server.sendall(head + body)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.socket.close()
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def name_of(kind, body):
    """The first name of the first document is the command's."""
    begin = 4 + 1 + 4 + 1 if kind == MESSAGE else body.index(b"\0", 4) + 1 + 8 + 4 + 1
    return body[begin:body.index(b"\0", begin)].decode(errors="replace").lower()


def exactly(one, size):
    parts = bytearray()
    while len(parts) < size:
        piece = one.recv(size - len(parts))
        if not piece:
            raise EOFError
        parts += piece
    return bytes(parts)


def copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
