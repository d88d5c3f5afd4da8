"""A server of Binance's public market data (spot and USD-M), with faults on demand.

Prices are a function of symbol and time, so that a test can tell what every bar must be.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field

from aiohttp import web

STEPS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
NOW = 1_735_700_000_000 + 12_345  # 2025-01-01 02:53:32
FIRST = NOW // 3_600_000 * 3_600_000 - 40 * 86_400_000


def bar(symbol: str, at: int, interval: str, price: str = "") -> list[object]:
    """The candle of a symbol that opens at `at`; `price` 'mark' for that of the mark price."""
    key = zlib.crc32(f"{symbol}{price}{at // STEPS[interval]}".encode())
    opened = 100 + key % 1000 / 10
    close = opened + (key // 7 % 100 - 50) / 100
    high, low = max(opened, close) + 0.5, min(opened, close) - 0.5
    volume = 0 if price else key % 977 / 10 + 1
    texts = [f"{v:.2f}" for v in (opened, high, low, close, volume)]
    return [at, *texts, at + STEPS[interval] - 1, "0", 1, "0", "0", "0"]


@dataclass
class BinanceServer:
    """Serves `symbols` from FIRST on. `faults` are met by the next requests for candles, one each."""

    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
    now: int = NOW
    faults: list[str] = field(default_factory=list)
    absent: set[int] = field(default_factory=set)  # open times that the venue has no candle for
    spoilt: set[int] = field(default_factory=set)  # open times whose candle is impossible
    page_limit: int = 1000
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    delay_seconds: float = 0.0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{base:api/v3|fapi/v1}/time", self._time)
        app.router.add_get("/api/v3/exchangeInfo", self._spot_info)
        app.router.add_get("/fapi/v1/exchangeInfo", self._futures_info)
        app.router.add_get("/{base:api/v3|fapi/v1}/{kind:klines|markPriceKlines}", self._klines)
        app.router.add_get("/fapi/v1/fundingRate", self._funding)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of all requests whose path ends so."""
        return [query for seen, query in self.requests if seen.endswith(path)]

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"serverTime": self.now})

    async def _spot_info(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"symbols": [self._market(s, "NOTIONAL", "minNotional") for s in self.symbols]}
        )

    async def _futures_info(self, request: web.Request) -> web.Response:
        markets = []
        for symbol in self.symbols:
            contract = {"contractType": "PERPETUAL", "marginAsset": "USDT", "pair": symbol}
            contract |= {"deliveryDate": 4133404800000, "onboardDate": FIRST}
            markets.append(self._market(symbol, "MIN_NOTIONAL", "notional") | contract)
        return web.json_response({"symbols": markets})

    def _market(self, symbol: str, notional_filter: str, notional_key: str) -> dict[str, object]:
        return {
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": symbol.removesuffix("USDT"),
            "quoteAsset": "USDT",
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
                {"filterType": notional_filter, notional_key: "10"},
            ],
        }

    async def _klines(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.query)))
        await asyncio.sleep(self.delay_seconds)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "500":
            return web.Response(status=500, text="<html>oops</html>")
        if fault == "429":
            body = {"code": -1003, "msg": "Too many requests."}
            return web.json_response(body, status=429, headers={"Retry-After": "7"})
        if fault == "disconnect":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        page = self._page(request, "mark" if "mark" in request.path else "")
        if fault == "half a page":
            page = page[: len(page) // 2]
        if fault == "broken answer":
            return await _cut_short(request, page)
        if fault == "not json":
            return web.Response(text=str(page)[:200], content_type="application/json")
        return web.json_response(page)

    def _page(self, request: web.Request, price: str) -> list[list[object]]:
        query = request.query
        step = STEPS[query["interval"]]
        at = max(FIRST, -(-int(query.get("startTime", self.now - 500 * step)) // step) * step)
        limit, page = min(int(query["limit"]), self.page_limit), []
        while at <= self.now and len(page) < limit:  # the last one is still forming
            if at not in self.absent:
                candle = bar(query["symbol"], at, query["interval"], price)
                if at in self.spoilt:
                    candle[2] = "0.01"
                page.append(candle)
            at += step
        return page

    async def _funding(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, dict(request.query)))
        start, end = int(request.query["startTime"]), int(request.query["endTime"])
        eight_hours = 8 * 3_600_000
        first = -(-start // eight_hours) * eight_hours
        paid = [
            {"symbol": request.query["symbol"], "fundingTime": at + 3, "fundingRate": "0.0001"}
            for at in range(first, min(end, self.now) + 1, eight_hours)
        ]
        return web.json_response([p for p in paid if start <= int(str(p["fundingTime"])) <= end][:1000])


async def _cut_short(request: web.Request, page: list[list[object]]) -> web.StreamResponse:
    """Promise a whole body, send a part of it, hang up."""
    body = web.json_response(page).body
    assert isinstance(body, bytes)
    response = web.StreamResponse(
        headers={"Content-Length": str(len(body)), "Content-Type": "application/json"}
    )
    await response.prepare(request)
    await response.write(body[: len(body) // 3])
    assert request.transport is not None
    request.transport.close()
    return response
