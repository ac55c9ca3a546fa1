"""Customers and people of the shop at their phones: an act becomes a webhook, and what is seen on the phone."""

import secrets
import time
from collections.abc import Mapping, Sequence

from simulator.accounts import Account
from simulator.acts import Act
from simulator.customers import Author, Customer, Message
from simulator.platforms.platform import Doing, Json, NotThere, Platform, Update
from simulator.postman import Answer, Postman
from simulator.world import World

# Acts that leave something to be seen in the conversation.
_MEDIA = {"image", "audio", "video", "document", "sticker", "story_mention"}
_SHOWN = {"text", "location", "contact", "button", "list", "form", "order", "story_reply", "postback", "unsupported"}
_NOTES = {
    "number_change": "changed the number",
    "id_change": "has another user id",
    "marketing": "changed what marketing may come",
    "block": "blocked the shop",
    "unblock": "no longer blocks the shop",
    "referral": "came over a link",
    "optin": "opted in",
}


class Acting:
    """All platforms' phones."""

    def __init__(self, world: World, platforms: Mapping[str, Platform], postman: Postman, url: str) -> None:
        self._world = world
        self._platforms = platforms
        self._postman = postman
        self._url = url

    def channels(self) -> list[Json]:
        """What there is to do on each platform."""
        return [
            {"name": one.channel, "title": one.title, "acts": sorted(one.acts), "echoes": one.echoes}
            for one in self._platforms.values()
        ]

    def welcome(self, account: Account, name: str) -> Customer:
        """Somebody new, who reads when the phone is opened."""
        customer_id = self._platforms[account.channel].new_customer_id()
        customer = self._world.customer(account.channel, account.id, customer_id)
        username = "".join(letter for letter in name.lower() if letter.isalnum())[:20]
        self._world.touch(customer, name=name, username=username, reads="when_opened")
        if account.channel == "whatsapp":
            self._world.touch(customer, user_id=f"US.{secrets.randbelow(10**18):018}")
        return customer

    def do(self, customer: Customer, act: Act) -> tuple[str, Answer | None]:
        """The id of the act, and the gateway's answer to its webhook. Raises NotThere."""
        platform, doing = self._platforms[customer.channel], self._doing(customer, act)
        item = platform.do(doing)
        message = self._show(doing, "customer")
        self._remember(doing)

        def told(taken: bool) -> None:
            if message and message.state in {"sending", "failed"}:
                self._world.touch(message, state="received" if taken else "failed")

        return doing.id, self._postman.post_now(platform, [Update(doing.account, item, told=told)])

    def update(self, customer: Customer, act: Act) -> Update:
        """What the platform would say of the act; nothing but the reply window changes."""
        doing = self._doing(customer, act)
        customer.last_wrote = max(customer.last_wrote, doing.at)
        return Update(doing.account, self._platforms[customer.channel].do(doing))

    def write_as_person(self, customer: Customer, act: Act) -> tuple[str, Answer | None]:
        """Somebody of the shop writes on another device. Raises NotThere."""
        platform, doing = self._platforms[customer.channel], self._doing(customer, act)
        update = Update(doing.account, platform.echo(doing))
        message = self._show(doing, "person")
        if message:
            self._world.touch(message, state="delivered")
        return doing.id, self._postman.post_now(platform, [update])

    def open(self, customer: Customer) -> int:
        """The customer reads what the shop has written; how many messages that are."""
        platform = self._platforms[customer.channel]
        account = self._world.accounts.of(customer.channel, customer.account)
        shown = [one for one in self._world.thread(customer) if one.author == "shop" and not one.seen]
        for message in shown:
            self._world.touch(message, seen=True)
        unread = [one for one in shown if one.state == "delivered"]
        updates = platform.read(account, unread) if unread else []

        if updates:
            for message in unread:
                self._world.reach(message, "read")
            self._postman.post(platform, updates)
        return len(unread) if updates else 0

    def post(self, channel: str, updates: Sequence[Update]) -> Answer | None:
        """Ready-made updates in one body. Raises NotThere for more than it may hold."""
        platform = self._platforms[channel]
        if len(updates) > platform.batch:
            raise NotThere(f"a body of {channel} holds at most {platform.batch:,}; there are {len(updates):,} items")
        return self._postman.post_now(platform, updates)

    def _doing(self, customer: Customer, act: Act) -> Doing:
        account = self._world.accounts.of(customer.channel, customer.account)
        act_id = act.id or self._platforms[customer.channel].new_id(customer.id)
        target = self._world.message(customer.channel, act.message_id) if act.message_id else None
        if act.kind in {"edit", "delete", "reaction"} and not act.message_id:
            raise NotThere(f"{act.kind} needs message_id: which message?")
        if act.kind in {"number_change", "id_change"} and not act.new_id:
            raise NotThere(f"{act.kind} needs new_id")
        if act.kind in _MEDIA and not act.media_id:
            medium = self._world.media.take("", _kind_of_file(act.kind), act.mime_type)
            act = act.model_copy(update={"media_id": medium.id})
        at = time.time() - act.ago_seconds
        return Doing(account, customer, act, act_id, at, self._world.media, self._url, target)

    def _show(self, doing: Doing, author: Author) -> Message | None:
        """The message on the phone, if the act is one."""
        act, customer = doing.act, doing.customer
        if act.kind in _MEDIA | _SHOWN:
            place = act.kind == "location"
            kind, text, mime = str(act.kind), act.text, _type_of(self._world, act)
        elif act.kind in _NOTES:
            author, place, mime = "note", False, ""
            kind, text = "note", f"{customer.name or customer.id} {_NOTES[act.kind]}"
        else:
            return None
        message = Message(
            id=doing.id,
            channel=customer.channel,
            account=customer.account,
            customer=customer.id,
            author=author,
            kind=kind,
            text=text or (act.name if kind in {"contact", "location"} else ""),
            at=doing.at,
            state="sending",
            reply_to=act.message_id if kind != "note" else "",
            media_id=act.media_id if mime else "",
            mime_type=mime,
            latitude=act.latitude if place else None,
            longitude=act.longitude if place else None,
        )
        self._world.add(message)
        return message

    def _remember(self, doing: Doing) -> None:
        """What the act changes about the customer and about earlier messages."""
        world, act, customer, target = self._world, doing.act, doing.customer, doing.target
        match act.kind:
            case "edit" if target:
                world.touch(target, text=act.text, edited=True)
            case "delete" if target:
                world.touch(target, text="", deleted=True, media_id="")
            case "reaction" if target:
                others = {who: emoji for who, emoji in target.reactions.items() if who != "customer"}
                world.touch(target, reactions=others | ({"customer": act.emoji} if act.emoji else {}))
            case "number_change":
                world.move(customer, act.new_id)
            case "id_change":
                world.touch(customer, user_id=act.new_id)
            case "block" | "unblock":
                world.touch(customer, blocked=act.kind == "block")
        if act.kind not in {"reaction", "edit", "delete", "marketing", "block", "number_change", "id_change"}:
            world.touch(customer, last_wrote=max(customer.last_wrote, doing.at))


def _kind_of_file(kind: str) -> str:
    return "image" if kind == "story_mention" else kind


def _type_of(world: World, act: Act) -> str:
    medium = world.media.get(act.media_id) if act.kind in _MEDIA or act.media_id else None
    return medium.mime_type if medium else ""
