"""The ASGI application: reads bodies, asks Flask, and carries on natively where a view hands over."""

import asyncio
from collections.abc import Callable

import grpc.aio
import structlog
from flask import Flask

from chassis import context, traces
from chassis.channel import Peer
from web_gateway.errors import ApiError, internal
from web_gateway.exchange import Exchange, Receive, Scope, Send
from web_gateway.flask_call import call
from web_gateway.followers import Followers
from web_gateway.message_body import BODY_LIMIT
from web_gateway.request_body import discard_rest, read_body
from web_gateway.waiting import Waiting

_logger = structlog.get_logger()


class Gateway:
    """One worker process."""

    def __init__(
        self,
        flask: Flask,
        followers: Followers,
        peer: Peer,
        wait_with: Callable[[grpc.aio.Channel], Waiting],
        read_seconds: float,
    ) -> None:
        """`wait_with` makes, in the event loop, what carries on over a channel to `peer`."""
        self._flask = flask
        self._followers = followers
        self._peer = peer
        self._wait_with = wait_with
        self._read_seconds = read_seconds
        self._waiting: Waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._serve(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await send({"type": "websocket.close"})

    def drain(self) -> None:
        """The process was told to stop: streams go elsewhere, requests in flight are finished. In the event loop."""
        if not self._followers.draining:
            _logger.info("draining")
            self._followers.drain()

    async def _live(self, receive: Receive, send: Send) -> None:
        """From the first request to the last: the channel and the tasks that all requests share."""
        await receive()
        async with self._peer.connect_async() as channel:
            self._waiting = self._wait_with(channel)
            tasks = [asyncio.create_task(self._followers.run(channel)), asyncio.create_task(self._followers.beat())]
            await send({"type": "lifespan.startup.complete"})
            await receive()
            for task in tasks:
                task.cancel()
        traces.flush()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request_id = context.bind(headers.get(b"x-request-id", b"").decode("latin-1"))
        exchange = Exchange(scope, receive, send, request_id)
        parent = headers.get(b"traceparent", b"").decode("latin-1")
        with traces.span(f"HTTP {scope['method']}", "server", parent) as span:
            try:
                await self._respond(exchange)
            finally:
                exchange.conclude()
                traces.annotate(span, {"http.route": exchange.route, "http.response.status_code": exchange.status})

    async def _respond(self, exchange: Exchange) -> None:
        try:
            await self._answer(exchange)
        except ApiError as error:
            await exchange.refuse(error)
        except Exception:  # the last chance to answer at all
            _logger.exception("request failed")
            if exchange.status == 0:
                await exchange.refuse(internal())

    async def _answer(self, exchange: Exchange) -> None:
        try:
            body = await read_body(exchange, BODY_LIMIT, self._read_seconds)
        except ApiError as error:
            await exchange.refuse(error, [("Connection", "close")])
            await discard_rest(exchange)
            return
        answer = call(self._flask, exchange.scope, body)
        exchange.route = answer.route
        if answer.handover:
            await self._waiting.carry_on(exchange, answer.headers, answer.handover)
        else:
            await exchange.answer(answer.status, answer.headers, answer.body)
