"""A process that has keys and does what goes wrong: real signed requests, errors in every place that can tell of them.

Run by `test_secrets.py`, which looks for the keys in all that it leaves behind.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog

from tests.gateway.exchange_here import settings
from tradewind.cli.logs import configure_logs, redactor
from tradewind.clients import connect
from tradewind.clients.credentials import Credentials, load_credentials
from tradewind.config import Settings, effective_toml, settings_hash
from tradewind.gateway.compose import Opening, open_exchange
from tradewind.trading.journal.arming import Arm, account_hash, keep_arm
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.terms.order_records import Denied

log = structlog.get_logger("canary")


async def speak(venue: str, held: Credentials, folder: RunFolder, home: Path) -> None:
    keys = held.keys
    money = {"USDT": Decimal(1000)}
    opening = Opening("canary", keys.key, keys.secret, keys.passphrase, money, dict(money))
    async with await open_exchange(settings(home, accounts=[opening], tls=False)) as exchange:
        client = connect(venue, "local", keys=keys, at=exchange.url, streams=False)
        try:
            print(venue, "has", (await client.fetch_balance())["total"]["USDT"])
            log.info("asked", url=client.last_request_url, headers=client.last_request_headers, keys=keys)
            await exchange.server.stop()
            await client.fetch_balance()
        except Exception as error:
            shown = redactor.text(f"{error} {client.last_request_url} {client.last_request_headers}")
            with Journal.open(folder.journal) as journal:
                journal.append([Denied(1, "id", "BTC/USDT", 1, shown)])
            log.exception("refused", headers=client.last_request_headers)
            logging.getLogger("ccxt").warning("request %s with %s", client.last_request_url, keys.secret)
        finally:
            await client.close()
    asyncio.get_running_loop().create_task(fail(keys.secret))
    await asyncio.sleep(0)
    gc.collect()


async def fail(secret: str) -> None:
    raise RuntimeError(f"in a task: {secret}")


def raise_it(secret: str) -> None:
    raise ValueError(f"in a thread: {secret!r}")


def main(home: Path) -> None:
    configure_logs()
    secrets: list[str] = []
    for venue in ("binance", "bitget"):
        held = load_credentials(venue, "local", folder=home)
        redactor.know(*held.secrets())
        folder = RunFolder(home / "runs" / venue)
        about: dict[str, Any] = {"settings": effective_toml(Settings()), "account": held.fingerprint}
        folder.describe(about | {"held": repr(held)})
        Journal.create(folder.journal, about).close()
        keep_arm(
            folder,
            Arm(1, account_hash(held.fingerprint, venue, "local"), "b", settings_hash(Settings()), "w"),
        )
        asyncio.run(speak(venue, held, folder, home))
        secrets += held.secrets()
    thread = threading.Thread(target=raise_it, args=(secrets[1],))
    thread.start()
    thread.join()
    print(Path("/proc/self/cmdline").read_bytes(), Path("/proc/self/comm").read_text())
    try:
        raise_it(secrets[-1])
    except ValueError as error:
        raise SystemError({"apiKey": secrets[0], "secret": secrets[1]}) from error


if __name__ == "__main__":
    main(Path(sys.argv[1]))
