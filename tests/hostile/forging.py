"""Parts of a good artifact, and the ways to write them as a bad one."""

import copy
import hashlib
import io
import json
import stat
import struct
import zipfile

JSON_PARTS = ("program.json", "state.json", "provenance.json", "learned.json")


class Forger:
    """Writes files of a folder from the entries of a good artifact."""

    def __init__(self, folder, good, planted):
        self.folder, self.good, self.planted = folder, good, planted
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            self.entries = {name: archive.read(name) for name in archive.namelist()}

    def raw(self, content):
        """Return a file with this content."""
        return content

    def parts(self, change, *, manifest=None):
        """Return an artifact whose parts were changed in place, with the right hashes."""
        data = {name: json.loads(self.entries[name]) for name in JSON_PARTS}
        change(data)
        return self.texts({name: json.dumps(value).encode() for name, value in data.items()}, manifest=manifest)

    def texts(self, texts, *, manifest=None):
        """Return an artifact with other contents of its parts, with the right hashes."""
        entries = {**self.entries, **texts}
        described = json.loads(self.entries["manifest.json"])
        described["sha256"] = {name: hashlib.sha256(entries[name]).hexdigest() for name in JSON_PARTS}
        entries["manifest.json"] = json.dumps(described if manifest is None else manifest(copy.deepcopy(described))).encode()
        return self.zipped(entries.items())

    def zipped(self, entries, compression=zipfile.ZIP_DEFLATED, comment=b""):
        """Return a zip; the name of an entry may be a ZipInfo."""
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", compression) as archive:
            for name, content in entries:
                info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
                info.compress_type = compression
                archive.writestr(info, content)
            archive.comment = comment
        return written.getvalue()

    def and_entry(self, name, content=b"x"):
        """Return the good artifact with one more entry."""
        return self.zipped([*self.entries.items(), (name, content)])

    def special(self, name, mode, content=b"/etc/passwd"):
        """Return the good artifact with an entry of another kind of file."""
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, (mode | 0o777) << 16
        return self.zipped([*((one, text) for one, text in self.entries.items() if one != name), (info, content)])

    def symlink(self, name):
        """Return the good artifact with a symbolic link."""
        return self.special(name, stat.S_IFLNK)

    def flagged(self, bit):
        """Return the good artifact with a flag set on every entry."""
        content = bytearray(self.good)
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.find(signature)
            while at >= 0:
                (flags,) = struct.unpack_from("<H", content, at + place)
                struct.pack_into("<H", content, at + place, flags | bit)
                at = content.find(signature, at + 4)
        return bytes(content)

    def lying(self, name, packed, declared):
        """Return an artifact with an entry that unpacks to much more than its headers declare."""
        content = bytearray(self.zipped([*((one, text) for one, text in self.entries.items() if one != name), (name, packed)]))
        for signature, place, named in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
            at = content.find(signature)
            while at >= 0:
                if content[at + named : at + named + len(name)] == name.encode():
                    struct.pack_into("<L", content, at + place, declared)
                at = content.find(signature, at + 4)
        return bytes(content)

    def overlapping(self):
        """Return a zip whose table names the same packed bytes for two parts."""
        content = bytearray(self.good)
        starts = [at for at in range(len(content) - 4) if content[at : at + 4] == b"PK\x01\x02"]
        (offset,) = struct.unpack_from("<L", content, starts[1] + 42)
        struct.pack_into("<L", content, starts[2] + 42, offset)
        return bytes(content)


def built(cls, **arguments):
    """Return the change that describes another program."""

    def change(parts):
        parts["program.json"] = {"class": cls, "arguments": {**parts["program.json"]["arguments"], **arguments}}

    return change


def task(**changes):
    """Return the change of the task; `field_...` changes its first field."""

    def change(parts):
        described = parts["program.json"]["arguments"]["task"]["task"]
        for name, value in changes.items():
            target = described["fields"][0] if name.startswith("field_") else described
            target[name.removeprefix("field_")] = value

    return change


def argument(name, value):
    """Return the change of a constructor argument."""

    def change(parts):
        parts["program.json"]["arguments"][name] = value

    return change


def step(name, value):
    """Return the change of what is saved of the first step."""

    def change(parts):
        parts["state.json"]["generate"][name] = value

    return change


def part(name, value):
    """Return the change of a whole part."""

    def change(parts):
        parts[name] = value

    return change
