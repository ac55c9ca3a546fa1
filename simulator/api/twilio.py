"""Twilio's API: messages with basic authentication, the typing indicator, and the number's configuration."""

from flask import Blueprint, request

from simulator.accounts import Account
from simulator.platforms.platform import Draft, Json
from simulator.platforms.twilio import Twilio
from simulator.sending import Call, Sending
from simulator.world import World

_TYPING_SECONDS = 25
# How the docs tell a shop to configure its number: tried again on every failure, not on broken connections alone.
_RETRIES = "#rc=3&rp=all"


class _Callers:
    """Who calls: an account by its SID and token, for one of its numbers."""

    def __init__(self, world: World, twilio: Twilio) -> None:
        self._world = world
        self._twilio = twilio

    def account(self, sid: str, number: str = "") -> Account:
        """One of this account's numbers, if the caller knows its token."""
        shown = request.authorization
        user, token = (shown.username, shown.password) if shown and shown.type == "basic" else (None, None)
        mine = [one for one in self._world.accounts if one.channel == "twilio" and one.business_id == sid]
        if not mine or user != sid or token != mine[0].token:
            raise self._twilio.refusal("20003")
        found = next((one for one in mine if number in {"", one.id}), None)
        if found is None:
            raise self._twilio.refusal("21606")
        return found

    def any(self) -> Account:
        """The account that the caller names only in the authorization."""
        shown = request.authorization
        return self.account((shown.username if shown else "") or "")


def create(world: World, twilio: Twilio, sending: Sending) -> Blueprint:
    """The API of api.twilio.com and of messaging.twilio.com on one port."""
    api = Blueprint("twilio", __name__)
    callers = _Callers(world, twilio)

    @api.post("/2010-04-01/Accounts/<sid>/Messages.json")
    def messages(sid: str) -> tuple[Json, int]:
        form = request.form
        sender = callers.account(sid, form.get("From", ""))
        # Behind the # stands how often it is to be tried.
        callback, _, _ = form.get("StatusCallback", "").partition("#")
        draft = Draft(sender, form.get("To", ""), form.get("Body", ""), mark=_mark(callback), callback=callback)
        return {**sending.send(twilio, draft), "account_sid": sid}, 201

    @api.post("/v3/Indicators/Typing.json")
    @api.post("/v2/Indicators/Typing.json")
    def typing() -> Json:
        sender = callers.any()
        message = world.message("twilio", request.form.get("messageId", ""))
        if message is None or message.account not in _numbers(world, sender):
            raise twilio.refusal("20404")

        def effect() -> Json:
            world.show_presence("twilio", message.account, message.customer, _TYPING_SECONDS, read=True)
            return {"success": True}

        return sending.signal(Call(twilio, sender, "typing", message.customer), effect)

    _register_looks(api, world, callers)
    return api


def _register_looks(api: Blueprint, world: World, callers: _Callers) -> None:
    @api.get("/2010-04-01/Accounts/<sid>.json")
    def look(sid: str) -> Json:
        callers.account(sid)
        return {"sid": sid, "friendly_name": "The example shop", "status": "active", "type": "Full"}

    @api.get("/2010-04-01/Accounts/<sid>/IncomingPhoneNumbers.json")
    def numbers(sid: str) -> Json:
        wanted = request.args.get("PhoneNumber", "")
        found = [number for number in _numbers(world, callers.account(sid)) if wanted in {"", number}]
        url = f"{world.public_url}/webhooks/twilio{_RETRIES}"
        return {"incoming_phone_numbers": [_number(number, url) for number in found]}


def _numbers(world: World, account: Account) -> list[str]:
    return [one.id for one in world.accounts if one.channel == "twilio" and one.business_id == account.business_id]


def _number(number: str, url: str) -> Json:
    can = {"sms": True, "mms": True, "voice": False}
    hook = {"sms_url": url, "sms_method": "POST", "sms_fallback_url": url, "sms_fallback_method": "POST"}
    return {"phone_number": number, **hook, "status": "in-use", "capabilities": can}


def _mark(callback: str) -> str:
    """What the shop's software put into its callback's address: the values of the query, else the last part."""
    path, _, query = callback.partition("?")
    values = [part.partition("=")[2] for part in query.split("&") if part]
    return ",".join(values) if values else path.rpartition("/")[2]
