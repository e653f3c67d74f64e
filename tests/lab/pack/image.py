#!/usr/bin/env python3
"""Makes container images without a container engine.

  image.py one OUT.tar REF CONFIG.json ROOT     one image of one layer from a folder
  image.py many OUT.tar IN.tar...               several images in one archive

The archives are of docker's form. Everything in them that could differ between
two runs (dates, owners, order) is set, so that the same content has the same
digest, and the digests in the components table stay.
"""
import hashlib
import io
import json
import os
import sys
import tarfile

EPOCH = 1767225600  # an arbitrary fixed date; zero upsets some readers


def add(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), 0o644, EPOCH
    archive.addfile(entry, io.BytesIO(data))


def layer(root):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                entry = archive.gettarinfo(path, os.path.relpath(path, root))
                entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = EPOCH, 0, 0, "", ""
                if entry.islnk():  # a hard link on this disk is a file of its own in the image
                    entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", os.path.getsize(path)
                if entry.isreg():
                    with open(path, "rb") as file:
                        archive.addfile(entry, file)
                else:
                    archive.addfile(entry)
            folders[:] = [f for f in folders if not os.path.islink(os.path.join(folder, f))]
    return buffer.getvalue()


def one(out, ref, config, root):
    data = layer(root)
    digest = hashlib.sha256(data).hexdigest()
    description = json.dumps({
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": json.loads(config),
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "the lab"}],
    }, sort_keys=True).encode()
    name = hashlib.sha256(description).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [ref], "Layers": [digest + ".tar"]}]
    with tarfile.open(out + ".part", "w") as archive:
        # First, so that a reader that looks for one image need not read all.
        add(archive, "manifest.json", json.dumps(manifest).encode())
        add(archive, name, description)
        add(archive, digest + ".tar", data)
    os.replace(out + ".part", out)


def many(out, sources):
    entries, blobs = [], {}
    for source in sources:
        with tarfile.open(source) as archive:
            entries += json.load(archive.extractfile("manifest.json"))
            for member in archive.getmembers():
                if member.name != "manifest.json":
                    blobs.setdefault(member.name, (source, member.name))
    with tarfile.open(out + ".part", "w") as archive:
        add(archive, "manifest.json", json.dumps(entries).encode())
        for name, (source, member) in blobs.items():
            with tarfile.open(source) as origin:
                add(archive, name, origin.extractfile(member).read())
    os.replace(out + ".part", out)


if sys.argv[1] == "one":
    one(*sys.argv[2:6])
else:
    many(sys.argv[2], sys.argv[3:])
