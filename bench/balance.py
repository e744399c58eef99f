"""``./run bench balance``: how evenly clients that keep their connections are spread over workers.

Four workers, each with a listening socket of its own (``SO_REUSEPORT``), are asked by 16 and by 64
clients. The kernel chooses a worker when a connection is made, and the clients keep theirs; who
has more than others passes some on.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys

from bench.load import Client, Tally
from bench.reliability import running

CLIENTS = (16, 64)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench balance", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="starts for each number (5)")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each (12)")
    return parser.parse_args()


async def measure(clients: int, seconds: float) -> list[int]:
    """Return how many requests each worker answered."""
    tally, enough = Tally(), asyncio.Event()
    async with running("tcp", "four", 0) as run:
        address = await run.address()
        asking = asyncio.gather(
            *(
                Client(address, "keep", ["/plain/"], f"c{number}", tally).run(enough)
                for number in range(clients)
            )
        )
        await asyncio.sleep(seconds)
        enough.set()
        await asking
        if tally.lost:
            raise RuntimeError(f"requests were lost: {dict(tally.lost)}")
        groups = (await run.command("status"))["groups"]
    return [worker["requests"] for group in groups for worker in group["workers"]]


def main() -> int:
    """Measure and print a line for each number of clients."""
    args = _arguments()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; {args.rounds} starts of {args.seconds:g} s each.\n"
    )
    print("| clients | requests of each worker, first start | most to least, median | worst |")
    print("|---:|---|---:|---:|")
    for clients in CLIENTS:
        seen = [asyncio.run(measure(clients, args.seconds)) for _ in range(args.rounds)]
        ratios = [max(one) / max(min(one), 1) for one in seen]
        shares = ", ".join(f"{count:,}" for count in sorted(seen[0], reverse=True))
        print(f"| {clients} | {shares} | {statistics.median(ratios):.1f} | {max(ratios):.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
