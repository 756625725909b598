"""Running the programs that are measured."""

import os
import subprocess
import sys


class Failure(Exception):
    """What ends the comparison, as a sentence for whoever started it."""


def note(text):
    print(f"compare-backup: {text}", file=sys.stderr, flush=True)


def run(command, environment, folder=None):
    """Runs a command that is not measured."""
    result = subprocess.run(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    if result.returncode != 0:
        sys.stderr.buffer.write(result.stdout[-4000:] + result.stderr[-4000:])
        raise Failure(f"{' '.join(command)} failed.")
    return result.stdout.decode(errors="replace")


def measure(command, environment, work, folder=None, through=()):
    """Runs a command and gives its wall time in seconds, its peak memory in KiB, and its output.

    It is run through another command if one is named, which is not measured itself. GNU time is
    what measures, since this program's own memory would count as that of what it starts.
    """
    figures = os.path.join(work, "time")
    # What an earlier step left unwritten would be paid for by this one.
    os.sync()
    output = run(
        [*through, "/usr/bin/time", "-o", figures, "-f", "%e %M", *command], environment, folder)
    with open(figures) as file:
        seconds, peak = file.read().split("\n")[-2].split()
    return float(seconds), int(peak), output


def stored_bytes(path):
    """How many bytes are in the files below a path."""
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path) for name in names)
