"""What is backed up: trees and files that every machine makes alike, and later versions of them."""

import base64
import hashlib
import os
import random
import shutil
import stat
import subprocess

from .running import Failure, note

MEGABYTE = 1_000_000


class DataSet:
    """A file or folder that is never changed, and a working copy, which the tools back up."""

    def __init__(self, name, original, folder):
        self.name = name
        self.original = os.path.realpath(original)
        if not os.access(self.original, os.R_OK):
            raise Failure(f"{original} cannot be read.")
        self.path = os.path.join(folder, name, os.path.basename(self.original))
        os.makedirs(os.path.dirname(self.path))

    def size(self):
        """How many files there are, and how many bytes are in them."""
        count, total = 0, 0
        for _, entry in walk(self.original):
            if entry is None or entry.is_file(follow_symlinks=False):
                count += 1
                total += os.lstat(entry.path if entry else self.original).st_size
        return count, total


class Tree(DataSet):
    """A folder. Each version replaces a line in one file of a hundred, in all folders."""

    def __init__(self, name, original, folder):
        super().__init__(name, original, folder)
        subprocess.run(["cp", "-a", "--", self.original, self.path], check=True)
        names = [
            os.path.relpath(entry.path, self.original)
            for _, entry in walk(self.original)
            if entry and entry.is_file(follow_symlinks=False)
        ]
        names.sort()
        self.names = names
        # Of the middle, and what the restore of one file restores.
        self.one = names[len(names) // 2]
        self.changed = set()

    def changed_in(self, version):
        return self.names[version * 7 % min(100, len(self.names))::100]

    def set_version(self, version):
        """Makes the working copy that version, 0 being the original; the changes add up."""
        if version == 0:
            for name in self.changed:
                shutil.copy2(os.path.join(self.original, name), os.path.join(self.path, name))
            self.changed = set()
            return
        for name in self.changed_in(version):
            path = os.path.join(self.path, name)
            with open(path, "rb") as file:
                text = file.read()
            middle = text.find(b"\n", len(text) // 2) + 1
            end = text.find(b"\n", middle) + 1 or len(text)
            line = f"/* {name}, changed in version {version} */\n".encode()
            with open(path, "wb") as file:
                file.write(text[:middle] + line + text[end:])
            self.changed.add(name)


class File(DataSet):
    """One file. Each version differs from the original every two megabytes."""

    one = None

    def __init__(self, name, original, folder, replaced=0):
        super().__init__(name, original, folder)
        # How many bytes are overwritten in each two megabytes; without any, 64 are inserted.
        self.replaced = replaced
        self.set_version(0)

    def set_version(self, version):
        words = random.Random(version)
        with open(self.original, "rb") as original, open(self.path, "wb") as copy:
            while piece := original.read(2 * MEGABYTE):
                if version and self.replaced:
                    copy.write(words.randbytes(min(self.replaced, len(piece))))
                    copy.write(piece[self.replaced:])
                    continue
                copy.write(piece)
                if version:
                    copy.write(words.randbytes(64))


def walk(path):
    """Pairs of a path and its entry, for all that is below it; if it is no folder, for itself."""
    if not os.path.isdir(path) or os.path.islink(path):
        yield path, None
        return
    folders = [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                yield entry.path, entry
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def manifest(path):
    """Of everything at and under a path: kind, mode, time, and the digest or the link's target."""
    lines = {}
    paths = [path] + [below for below, _ in walk(path) if below != path]
    for below in paths:
        status = os.lstat(below)
        value = [stat.S_IFMT(status.st_mode), status.st_mtime_ns]
        if stat.S_ISLNK(status.st_mode):
            value.append(os.readlink(below))
        else:
            value.append(stat.S_IMODE(status.st_mode))
        if stat.S_ISREG(status.st_mode):
            with open(below, "rb") as file:
                value.append(hashlib.file_digest(file, "sha256").digest())
        lines[os.path.relpath(below, path)] = value
    return lines


# MARK: Making the originals


def make(path, write):
    """What is at the path, which `write` makes under another name if it is not there."""
    if os.path.exists(path):
        return path
    note(f"making {path}")
    partial = path + ".partial"
    if os.path.isdir(partial):
        shutil.rmtree(partial)
    write(partial)
    os.rename(partial, path)
    return path


def packages_of_sources():
    """The two newest plain kernels, whose other packages are the same with patches, and gcc."""
    found = subprocess.run(
        ["apt-cache", "search", "--names-only", "^(linux-source-[0-9.]+|gcc-[0-9]+-source)$"],
        capture_output=True, text=True).stdout.split("\n")
    names = [line.split(" ")[0] for line in found if line]

    def version(name):
        return [int(part) for part in name.strip("-abcdefghijklmnopqrstuvwxyz").split(".")]

    kernels = sorted((name for name in names if name.startswith("linux")), key=version)
    compilers = sorted((name for name in names if name.startswith("gcc")), key=version)
    if len(kernels) < 2 or not compilers:
        raise Failure(
            "apt does not know two linux-source packages and a gcc-source: run apt-get update as "
            "root, or name a tree of your own with --source.")
    return kernels[-2:] + compilers[-1:]


def make_source(path):
    """The trees of the packages. Unpacked, not installed: this needs no root."""
    os.mkdir(path)
    for package in packages_of_sources():
        note(f"unpacking {package}")
        downloads = path + ".downloads"
        os.mkdir(downloads)
        try:
            script = """
                apt-get download -qq "$1" >/dev/null
                dpkg-deb -x "$1"_*.deb package
                for tar in package/usr/src/*/*-dfsg.tar.* package/usr/src/linux-source-*.tar.*; do
                  [ ! -e "$tar" ] || tar -xf "$tar" -C "$2"
                done
                """
            subprocess.run(
                ["bash", "-euc", script, "unpack", package, path], cwd=downloads, check=True)
        except subprocess.CalledProcessError:
            raise Failure(
                f"{package} could not be downloaded and unpacked: run apt-get update as root, "
                "install xz-utils, or use --source.") from None
        finally:
            shutil.rmtree(downloads)


def tiny_files(count):
    """Writes files of 100 to 400 bytes, half words, half of what does not compress."""

    def write(path):
        numbers = random.Random(20260101)
        words = [
            "".join(numbers.choices("abcdefghijklmnopqrstuvwxyz", k=numbers.randint(4, 12)))
            for _ in range(400)
        ]
        os.mkdir(path)
        for number in range(count):
            folder = f"{path}/d{number // 1000:03d}"
            if number % 1000 == 0:
                os.mkdir(folder)
            half = numbers.randint(100, 400) // 2
            text = " ".join(numbers.choices(words, k=half // 8)).encode()[:half]
            noise = base64.b64encode(numbers.randbytes(half))[:2 * half - len(text) - 1]
            with open(f"{folder}/f{number:06d}.txt", "wb", buffering=0) as file:
                file.write(text + noise + b"\n")

    return write


def small_source(path):
    """A tree for the smoke test: a few folders with text, of many sizes, links and modes."""
    numbers = random.Random(20260102)
    words = ["".join(numbers.choices("abcdefghij", k=numbers.randint(2, 9))) for _ in range(900)]
    os.mkdir(path)
    for folder in range(12):
        os.makedirs(f"{path}/f{folder % 4}/g{folder}")
        for number in range(25):
            name = f"{path}/f{folder % 4}/g{folder}/file{number}.txt"
            with open(name, "w") as file:
                for _ in range(4 ** (number % 6)):
                    file.write(" ".join(numbers.choices(words, k=12)) + "\n")
            os.chmod(name, 0o755 if number % 7 == 0 else 0o644)
        os.symlink("file1.txt", f"{path}/f{folder % 4}/g{folder}/link")


def random_bytes(size):
    """Writes bytes that no tool can make smaller."""

    def write(path):
        numbers = random.Random(20260103)
        with open(path, "wb") as file:
            for _ in range(size >> 20):
                file.write(numbers.randbytes(1 << 20))

    return write


def newest_kernel(source):
    """Of a tree of source trees, the last kernel, or else the last."""
    folders = sorted(entry.path for entry in os.scandir(source) if entry.is_dir())
    kernels = [folder for folder in folders if os.path.basename(folder).startswith("linux")]
    return (kernels or folders or [source])[-1]


def write_tars(path, size, *folders):
    """Writes the beginning of the folders' tars, of exactly that size."""
    script = """
        for folder; do
          tar --sort=name --owner=0 --group=0 --mtime=@0 -cf - -C "$folder" . 2>/dev/null || true
        done
        """
    with open(path, "wb") as file:
        tars = subprocess.Popen(
            ["bash", "-c", script, "tars", *folders], stdout=subprocess.PIPE)
        subprocess.run(["head", "-c", str(size)], stdin=tars.stdout, stdout=file, check=True)
        # It ends the tars if it has enough.
        tars.stdout.close()
        tars.wait()
    if os.path.getsize(path) != size:
        raise Failure(f"{' and '.join(folders)} do not fill {size} bytes.")


def toolchain():
    """The folder of the Swift toolchain."""
    swift = shutil.which("swift")
    return os.path.dirname(os.path.dirname(os.path.realpath(swift))) if swift else "/usr"
