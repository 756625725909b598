"""The tables."""

import datetime
import os
import platform
import subprocess

TITLES = {
    "first": "first backup",
    "unchanged": "unchanged backup",
    "changed": "backup after 1 % changed",
    "restore": "restore",
    "one": "restore of one file",
    "check": "check of the structure",
    "verify": "check of every byte",
    "prune": "forget half, and prune",
}
SIZES = {
    "stored": "stored by the first backup",
    "added": "added by 1 % of changes",
    "stored with changes": "stored with the changes",
    "stored after prune": "stored after the prune",
}
# They keep no secrets, so only their sizes are compared with.
ONLY_SIZES = {"casync"}


def lines():
    """Names of figures, what they are called, how they are written, and whether they are sizes."""
    for name, title in TITLES.items():
        yield f"{name} s", f"{title}, s", "{:.2f}", False
    for name, title in SIZES.items():
        yield name, f"{title}, MB", "{:.1f}", True
    for name, title in TITLES.items():
        yield f"{name} MiB", f"{title}, peak MiB", "{:.0f}", False


def table(title, data_set, tools, figures):
    """Of medians by the set, the tool and the figure's name. Lines without any are left out."""
    rows = [
        f"\n### {title}\n",
        f"| | {' | '.join(tools)} | Cairn / the better |",
        "|---|" + "---:|" * (len(tools) + 1),
    ]
    for name, line, form, is_size in lines():
        values = {tool: figures.get((data_set, tool, name)) for tool in tools}
        if values["Cairn"] is None:
            continue
        peers = [
            value for tool, value in values.items()
            if value is not None and tool != "Cairn" and (is_size or tool not in ONLY_SIZES)
        ]
        cells = ["" if value is None else form.format(value) for value in values.values()]
        ratio = ""
        if peers and min(peers) > 0:
            ratio = f"{values['Cairn'] / min(peers):.2f}"
            if values["Cairn"] > min(peers):
                line, ratio = f"**{line}**", f"**{ratio}**"
        rows.append(f"| {line} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(rows)


def machine(tools, runs, work, load):
    """What was measured on, and with what."""

    def first_line(*command):
        result = subprocess.run(command, capture_output=True, text=True)
        return result.stdout.strip().split("\n")[0]

    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = []
    for tool in tools[1:]:
        option = "version" if tool.name == "restic" else "--version"
        versions.append(f"{tool.name} {first_line(tool.program, option).split()[1]}")
    parts = [
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Linux {platform.release()}, {datetime.date.today()}",
        *versions,
        f"median of {runs}",
        f"repositories on {first_line('stat', '-f', '-c', '%T', work)}, restored into /dev/shm",
        "the data was read once before each first backup, so reads come from the page cache",
        f"load average {load:.2f} at the start",
    ]
    return "; ".join(parts) + "."
