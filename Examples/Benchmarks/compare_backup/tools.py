"""The programs, each behind the same few methods.

A method gives the commands of a step, which are measured together. A tool that has no command for a
step gives none, and its cell stays empty.
"""

import os
import shutil


class Tool:
    """A program that backs up `path` into a repository of its own below `work`."""

    # The steps that show what it is good for, or all.
    only_sets = None

    def __init__(self, program, work):
        self.program = program
        self.repository = os.path.join(work, self.name)
        self.environment = dict(os.environ)

    def clear(self):
        shutil.rmtree(self.repository, ignore_errors=True)

    def folder(self, destination):
        """Where the restore is to be started."""
        return None

    def restored(self, path, destination):
        """Where a restored path is."""
        return destination + path


class Cairn(Tool):
    name = "Cairn"

    def __init__(self, program, work):
        super().__init__(program, work)
        self.identity = os.path.join(work, "identity")
        self.environment["CAIRN_IDENTITY"] = self.identity
        # Where the log of the runs is, which is a part of what is measured.
        self.state = os.path.join(work, "state")
        self.environment["CAIRN_STATE"] = self.state

    def clear(self):
        super().clear()
        shutil.rmtree(self.state, ignore_errors=True)
        if os.path.exists(self.identity):
            os.remove(self.identity)

    def command(self, name, *rest):
        return [self.program, name, self.repository, *rest]

    def init(self):
        return [self.command("init", "--new-identity", self.identity)]

    def create(self, path, version):
        return [self.command("create", path, "--json")]

    def restore(self, path, version, destination):
        return [self.command("restore", "latest", destination)]

    def restore_one(self, path, name, version, destination):
        return [
            self.command("restore", "latest", destination, f"{os.path.basename(path)}/{name}")]

    def restored(self, path, destination):
        # Each path is restored under its last component.
        return os.path.join(destination, os.path.basename(path))

    def check(self):
        return [self.command("verify")]

    def verify(self):
        return [self.command("verify", "--data")]

    def prune(self, kept):
        return [self.command("forget", "--keep-last", str(kept)), self.command("prune")]


class Restic(Tool):
    name = "restic"

    def __init__(self, program, work):
        super().__init__(program, work)
        self.cache = os.path.join(work, "restic-cache")
        self.environment["RESTIC_PASSWORD"] = "benchmark"
        self.environment["RESTIC_CACHE_DIR"] = self.cache
        self.environment["RESTIC_REPOSITORY"] = self.repository

    def clear(self):
        super().clear()
        shutil.rmtree(self.cache, ignore_errors=True)

    def init(self):
        return [[self.program, "init"]]

    def create(self, path, version):
        return [[self.program, "backup", path]]

    def restore(self, path, version, destination):
        return [[self.program, "restore", "latest", "--target", destination]]

    def restore_one(self, path, name, version, destination):
        return [[self.program, "restore", "latest", "--target", destination,
                 "--include", f"{path}/{name}"]]

    def check(self):
        return [[self.program, "check"]]

    def verify(self):
        return [[self.program, "check", "--read-data"]]

    def prune(self, kept):
        return [[self.program, "forget", "--keep-last", str(kept), "--prune"]]


class Borg(Tool):
    name = "borg"

    def __init__(self, program, work):
        super().__init__(program, work)
        self.base = os.path.join(work, "borg-base")
        self.environment["BORG_BASE_DIR"] = self.base
        self.environment["BORG_PASSPHRASE"] = "benchmark"
        self.environment["BORG_REPO"] = self.repository
        self.environment["BORG_CHECK_I_KNOW_WHAT_I_AM_DOING"] = "YES"

    def clear(self):
        super().clear()
        shutil.rmtree(self.base, ignore_errors=True)

    def init(self):
        return [[self.program, "init", "--encryption", "repokey"]]

    def create(self, path, version):
        return [[self.program, "create", "--compression", "lz4", f"::{version}", path]]

    def folder(self, destination):
        return destination

    def restore(self, path, version, destination):
        return [[self.program, "extract", f"::{version}"]]

    def restore_one(self, path, name, version, destination):
        return [[self.program, "extract", f"::{version}", f"{path}/{name}".lstrip("/")]]

    def check(self):
        return [[self.program, "check"]]

    def verify(self):
        return [[self.program, "check", "--verify-data"]]

    def prune(self, kept):
        return [[self.program, "prune", "--keep-last", str(kept)], [self.program, "compact"]]


class Casync(Tool):
    """Stores without encryption, so it is a peer in size alone, for which it is known."""

    name = "casync"
    only_sets = {"tars"}

    def index(self, version):
        return os.path.join(self.repository, f"{version}.caibx")

    def store(self):
        return "--store=" + os.path.join(self.repository, "default.castr")

    def init(self):
        return [["mkdir", self.repository]]

    def create(self, path, version):
        return [[self.program, "make", self.store(), self.index(version), path]]

    def restore(self, path, version, destination):
        name = os.path.join(destination, os.path.basename(path))
        return [[self.program, "extract", self.store(), self.index(version), name]]

    def restored(self, path, destination):
        return None

    def check(self):
        return []

    def verify(self):
        return []

    def prune(self, kept):
        return []


PEERS = {"restic": Restic, "borg": Borg, "casync": Casync}
