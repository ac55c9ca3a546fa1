"""The control API under /control: what tests, load drivers and the page tell the simulator to do.

GET    /control/accounts                                   the shop's accounts with their tokens and secrets
POST   /control/accounts                                   one more: channel, id, and what else Account has
GET    /control/accepted?after=N&last=M                    accepted sends, by order number
GET    /control/calls?after=N&last=M                       calls of the platforms' APIs
GET    /control/webhooks?after=N&last=M                    what waits, and the webhooks that were posted
GET|PUT /control/webhooks/<channel>                        how webhooks arrive (Manners)
POST   /control/webhooks/<channel>                         {"items": […], "account"}: ready-made updates in one body
GET|POST|DELETE /control/rules, DELETE /control/rules/<n>  misbehaviour (Rule)
GET    /control/changes?after=N&wait=S                     customers and messages that changed
GET    /control/channels                                   what customers can do on each
POST   /control/customers/<channel>                        a new customer with a free address
PUT    /control/customers/<channel>/<id>                   name, username, user_id, hides_number, reads (Traits)
POST   /control/customers/<channel>/<id>/acts              the customer does something (Act); answers the webhook's
POST   /control/customers/<channel>/<id>/open              the customer reads what the shop has written
POST   /control/shops/<channel>/<id>/acts                  a person of the shop writes to that customer
POST   /control/media                                      a file, to be named in an act
POST   /control/handshake/<channel>                        the platform asks the gateway by GET
POST   /control/load                                       many messages of many customers (Load)

A customer is one of the first account of the channel, or of ?account=ID. Of each log the newest 100,000 are kept.
"""

from dataclasses import fields
from typing import Any, TypeVar

from flask import Blueprint, request
from pydantic import BaseModel, ValidationError

from simulator.accounts import Account, UnknownAccount
from simulator.acting import Acting
from simulator.acts import Act
from simulator.customers import Customer, Traits
from simulator.handshake import shake_hands
from simulator.load import Driver, Load
from simulator.log import Log
from simulator.manners import Manners
from simulator.misbehaviour import Rule, Script
from simulator.platforms.platform import Json, NotThere, Update
from simulator.postman import Answer, Postman
from simulator.world import World

_Model = TypeVar("_Model", bound=BaseModel)
_LONGEST_WAIT = 25
CHANNELS = ("whatsapp", "instagram", "messenger", "telegram", "twilio")


class BadRequest(Exception):
    """What was asked makes no sense; the text says what would."""


def create(world: World, script: Script, postman: Postman, acting: Acting, driver: Driver) -> Blueprint:
    """All routes."""
    api = Blueprint("control", __name__, url_prefix="/control")
    _register_logs(api, world, postman)
    _register_accounts(api, world, postman)
    _register_rules(api, script)
    _register_webhooks(api, world, postman, acting)
    _register_customers(api, world, acting)

    @api.post("/media")
    def media() -> Json:
        data = request.get_data()
        if not data:
            raise BadRequest("the body is the file; it is empty")
        medium = world.media.add(data, request.headers.get("Content-Type", "application/octet-stream"))
        return {"id": medium.id, "mime_type": medium.mime_type}

    @api.post("/load")
    def load() -> Json:
        return driver.run(_parsed(Load))

    for what in (BadRequest, NotThere, UnknownAccount):
        api.register_error_handler(what, lambda error: ({"error": str(error)}, 400))
    return api


def _register_logs(api: Blueprint, world: World, postman: Postman) -> None:
    @api.get("/accepted")
    def accepted() -> Json:
        return {"accepted": _asked(world.accepted)}

    @api.get("/calls")
    def calls() -> Json:
        return {"calls": _asked(world.calls)}

    @api.get("/changes")
    def changes() -> Json:
        return world.changes(_number("after"), min(_number("wait"), _LONGEST_WAIT))

    @api.get("/webhooks")
    def webhooks() -> Json:
        return {"waiting": postman.waiting(), "posted": _asked(postman.posted)}


def _register_accounts(api: Blueprint, world: World, postman: Postman) -> None:
    @api.get("/accounts")
    def accounts() -> Json:
        names = [one.name for one in fields(Account)]
        shown = [{name: getattr(account, name) for name in names} for account in world.accounts]
        return {"accounts": shown, "gateway_url": postman.gateway_url, "public_url": postman.public_url}

    @api.post("/accounts")
    def add_account() -> Json:
        given = _json()
        unknown = set(given) - {one.name for one in fields(Account)}
        if unknown or not {"channel", "id", "token"} <= given.keys() or given["channel"] not in CHANNELS:
            raise BadRequest(
                f"an account has channel, id and token; unknown: {', '.join(sorted(unknown)) or 'nothing'}"
            )
        world.accounts.add(Account(**{name: str(value) for name, value in given.items()}))
        return {"id": given["id"]}

    @api.post("/handshake/<channel>")
    def handshake(channel: str) -> Json:
        account = world.accounts.of(channel, str(_json().get("account", "")))
        return shake_hands(postman.gateway_url, account, _json().get("verify_token"))


def _register_rules(api: Blueprint, script: Script) -> None:
    @api.get("/rules")
    def rules() -> Json:
        return {"rules": script.rules()}

    @api.post("/rules")
    def add_rule() -> Json:
        return script.add(_parsed(Rule)).model_dump()

    @api.delete("/rules")
    def clear_rules() -> Json:
        script.clear()
        return {"rules": []}

    @api.delete("/rules/<int:rule_id>")
    def remove_rule(rule_id: int) -> Json:
        if not script.remove(rule_id):
            raise BadRequest(f"there is no rule {rule_id}")
        return {"rules": script.rules()}


def _register_webhooks(api: Blueprint, world: World, postman: Postman, acting: Acting) -> None:
    @api.get("/webhooks/<channel>")
    def manners(channel: str) -> Json:
        return postman.manners(_known(channel)).model_dump()

    @api.put("/webhooks/<channel>")
    def behave(channel: str) -> Json:
        postman.behave(_known(channel), _parsed(Manners))
        return postman.manners(channel).model_dump()

    @api.post("/webhooks/<channel>")
    def post(channel: str) -> Json:
        given = _json()
        items = given.get("items")
        if not isinstance(items, list) or not items:
            raise BadRequest("items is a list of the platform's own updates")
        account = world.accounts.of(_known(channel), str(given.get("account", "")))
        return {"webhook": _told(acting.post(channel, [Update(account, item) for item in items]))}


def _register_customers(api: Blueprint, world: World, acting: Acting) -> None:
    @api.get("/channels")
    def channels() -> Json:
        return {"channels": acting.channels()}

    @api.post("/customers/<channel>")
    def new_customer(channel: str) -> Json:
        account = world.accounts.of(_known(channel), request.args.get("account", ""))
        return acting.welcome(account, str(_json().get("name", ""))).shown()

    def customer(channel: str, customer_id: str) -> Customer:
        account = world.accounts.of(_known(channel), request.args.get("account", ""))
        if channel == "telegram" and not (customer_id.isascii() and customer_id.isdigit()):
            raise BadRequest("a customer of telegram is a number")
        return world.customer(channel, account.id, customer_id)

    @api.put("/customers/<channel>/<customer_id>")
    def put(channel: str, customer_id: str) -> Json:
        given = _parsed(Traits)
        found = customer(channel, customer_id)
        world.touch(found, **given.model_dump(exclude_unset=True))
        return found.shown()

    @api.post("/customers/<channel>/<customer_id>/acts")
    def act(channel: str, customer_id: str) -> Json:
        act_id, answer = acting.do(customer(channel, customer_id), _parsed(Act))
        return {"id": act_id, "webhook": _told(answer)}

    @api.post("/customers/<channel>/<customer_id>/open")
    def open_phone(channel: str, customer_id: str) -> Json:
        return {"read": acting.open(customer(channel, customer_id))}

    @api.post("/shops/<channel>/<customer_id>/acts")
    def person(channel: str, customer_id: str) -> Json:
        act_id, answer = acting.write_as_person(customer(channel, customer_id), _parsed(Act))
        return {"id": act_id, "webhook": _told(answer)}


def _told(answer: Answer | None) -> Json | None:
    return {"status": answer.status, "seconds": answer.seconds, "body": answer.body} if answer else None


def _known(channel: str) -> str:
    if channel not in CHANNELS:
        raise BadRequest(f"there is no channel {channel[:20]}; there are {', '.join(CHANNELS)}")
    return channel


def _asked(log: Log) -> list[Json]:
    return log.after(_number("after"), _number("last"))


def _number(name: str) -> int:
    value = request.args.get(name, "0")
    if not (value.isascii() and value.isdigit()):
        raise BadRequest(f"{name} is a number, 0 or more")
    return int(value)


def _json() -> Json:
    found: Any = request.get_json(silent=True) if request.get_data() else {}
    if not isinstance(found, dict):
        raise BadRequest("the body is a JSON object")
    return found


def _parsed(model: type[_Model]) -> _Model:
    try:
        return model.model_validate(_json())
    except ValidationError as error:
        raise BadRequest(_complaints(error)) from error


def _complaints(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False))
