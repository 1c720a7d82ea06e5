"""Import time, memory, draws a second: ``python benchmarks/scale.py [draws of the long run]``.

Every measurement runs in a process of its own, so none warms another up. Times are those of the
processor, one core, so that other work on the machine does not count.
"""

import json
import subprocess
import sys

IMPORTS = 5
COUNTS = (1, 100, 1_000, 10_000, 100_000)
LONG = 1_000_000
PRELUDE = """
import json, resource, sys, time
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.process_time()
"""
DEPENDENCIES = "import numpy, scipy.special, pandas"
MANY = """
from simlib.analysis.scale import simulate_many
policies = (None, "border_surge", "treatment_and_naloxone")
simulate_many(policies, 1)
start = time.process_time()
found = simulate_many(policies, {draws}, {outcomes})
outside = found.outside("deaths_fentanyl")
print(json.dumps([time.process_time() - start, peak(), outside]))
"""


def measured(code: str) -> list[float]:
    """What a fresh process prints as its last line."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(code: str) -> float:
    """Shortest of several imports [s of one core]."""
    told = "\nprint(json.dumps([time.process_time() - start]))"
    return min(measured(code + told)[0] for _ in range(IMPORTS))


def main() -> None:
    """Print the tables of docs/performance.md."""
    bare, whole = import_seconds(DEPENDENCIES), import_seconds("import simlib")
    print(f"import: dependencies {bare:.2f} s, simlib {whole:.2f} s", flush=True)
    long = int(sys.argv[1]) if len(sys.argv) > 1 else LONG
    for draws in (*(each for each in COUNTS if each < long), long):
        seconds, peak, outside = measured(MANY.format(draws=draws, outcomes=("deaths_fentanyl",)))
        rate = draws / seconds
        print(
            f"{draws:9,d} draws x 3 policies: {seconds:8.2f} s, {rate:8,.0f} draws/s of one core, "
            f"peak {peak:5.0f} MiB, {outside} values off the grid",
            flush=True,
        )


if __name__ == "__main__":
    main()
