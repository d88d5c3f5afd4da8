"""What bots that follow streams have in common: an unmodified ccxt.pro client, and loops that do not give up."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
from common import SYMBOL, VENUE

from tradewind.clients import Keys, connect

HABIT = sys.argv[1] if len(sys.argv) > 1 else "good"
FUTURES = ":" in SYMBOL
SILENCE_SECONDS = 2.5  # after which a stream counts as dead


def client() -> Any:
    keys = Keys(*(os.environ[f"TRADEWIND_API_{name}"] for name in ("KEY", "SECRET", "PASSPHRASE")))
    made = connect(
        VENUE,
        "local",
        keys=keys,
        at=os.environ["TRADEWIND_URL"],
        kinds=["perpetual" if FUTURES else "spot"],
        unified=bool(os.environ["TRADEWIND_UNIFIED"]),
    )
    made.has["fetchCurrencies"] = False
    made.timeout = 1500
    return made


def say(*words: object) -> None:
    print(f"{time.time() % 1000:7.2f}", *words, flush=True)


async def insist(bot: Any, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Until there is an answer. A clock that is off is measured again, a ban is waited out."""
    while True:
        try:
            return await ask()
        except (ccxt.OrderNotFound, ccxt.InvalidOrder, ccxt.InsufficientFunds):
            raise
        except ccxt.BaseError as error:
            say("once more, after", type(error).__name__)
            await asyncio.sleep(0.2)
            if isinstance(error, ccxt.InvalidNonce):
                await measure_clock(bot)


async def measure_clock(bot: Any) -> None:
    try:
        await bot.load_time_difference()
        say("clock measured again", bot.options["timeDifference"])
    except ccxt.BaseError as error:
        say("no clock, after", type(error).__name__)


async def follow(
    bot: Any,
    name: str,
    watch: Callable[[], Awaitable[Any]],
    take: Callable[[Any], None],
    silence: float = 0.0,
) -> None:
    """Hand on what a stream tells. With `silence` a stream that says nothing for so long is opened again."""
    while True:
        try:
            take(await asyncio.wait_for(watch(), silence or None))
        except TimeoutError:
            say("silent:", name)
            await bot.close_ws_clients()
        except asyncio.CancelledError:
            if asyncio.current_task().cancelling():
                raise
            say("taken down with others:", name)  # ccxt cancels what waits on a line that it closes
        except ccxt.BaseError as error:
            say(f"stream of {name} ended:", type(error).__name__)
            await asyncio.sleep(0.3)
            if isinstance(error, ccxt.InvalidNonce):
                await measure_clock(bot)


def run(main: Callable[[Any], Awaitable[None]]) -> None:
    async def whole() -> None:
        bot = client()
        task = asyncio.ensure_future(main(bot))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            say("stopped")
        finally:
            await bot.close()

    asyncio.run(whole())
