"""What Graph tells about accounts, tokens, subscriptions, customers and files."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from simulator.accounts import Account
from simulator.api.tokens import bearer
from simulator.platforms.meta import refusal
from simulator.platforms.platform import Json, Platform
from simulator.world import World

_CHANNELS = ("whatsapp", "instagram", "messenger")
_FIELDS = {
    "whatsapp": ["messages", "smb_message_echoes", "user_id_update", "user_preferences", "account_update"],
    "instagram": [
        "messages",
        "messaging_postbacks",
        "messaging_seen",
        "message_reactions",
        "message_edit",
        "messaging_referral",
    ],
    "messenger": [
        "messages",
        "messaging_postbacks",
        "message_deliveries",
        "message_reads",
        "message_echoes",
        "message_reactions",
        "message_edits",
        "messaging_referrals",
    ],
}
_OBJECTS = {"whatsapp": "whatsapp_business_account", "instagram": "instagram", "messenger": "page"}


def register(api: Blueprint, world: World, platforms: Mapping[str, Platform]) -> None:
    """The GETs, and the POST that subscribes."""
    looks = _Looks(world, platforms)

    @api.get("/debug_token")
    @api.get("/<version>/debug_token")
    def debug_token(version: str = "") -> Json:
        return looks.debug_token(request.args.get("input_token", ""))

    @api.get("/<version>/<node>")
    def node(version: str, node: str) -> Json:
        return looks.node(_graph_version(version), node)

    @api.get("/<version>/<node>/subscribed_apps")
    def subscribed(version: str, node: str) -> Json:
        return looks.subscribed_apps(node)

    @api.post("/<version>/<node>/subscribed_apps")
    def subscribe(version: str, node: str) -> Json:
        looks.subscribed_apps(node)
        return {"success": True}

    @api.get("/<version>/<node>/phone_numbers")
    def phone_numbers(version: str, node: str) -> Json:
        return {"data": [looks.number(one) for one in looks.of_business(node)]}

    @api.get("/<version>/<node>/subscriptions")
    def subscriptions(version: str, node: str) -> Json:
        return looks.subscriptions(node)

    @api.get("/media/<medium_id>")
    def file(medium_id: str) -> Response:
        found = world.media.get(medium_id)
        if found is None:
            raise refusal("100/33", "This file is gone")
        response = Response(found.data, mimetype=found.mime_type.partition(";")[0])
        # What a customer uploads is never run as a page of ours.
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


def _graph_version(version: str) -> str:
    if not version.startswith("v"):
        raise refusal("100/33", f"Unknown path components: /{version[:40]}")
    return version


class _Looks:
    def __init__(self, world: World, platforms: Mapping[str, Platform]) -> None:
        self._world = world
        self._platforms = platforms

    def _caller(self) -> Account:
        token = bearer()
        found = self._world.accounts.find(_CHANNELS, token=token) if token else None
        if found is None:
            raise refusal("190")
        return found

    def node(self, version: str, node: str) -> Json:
        """An account, a customer, or a file."""
        caller = self._caller()
        if node in {"me", caller.id}:
            return self.number(caller) if caller.channel == "whatsapp" else _profile(caller)
        if node == caller.business_id:
            return {"id": node, "name": "The example shop", "currency": "EUR", "timezone_id": "1"}
        if medium := self._world.media.get(node):
            return {
                "url": f"{request.host_url}media/{medium.id}",
                "mime_type": medium.mime_type,
                "sha256": medium.sha256,
                "file_size": len(medium.data),
                "id": medium.id,
                "messaging_product": "whatsapp",
            }
        if customer := self._world.find(caller.channel, caller.id, node):
            named = {"username": customer.username} if caller.channel == "instagram" else {}
            return {"id": node, "name": customer.name, **named}
        raise refusal("100/33", f"Object with ID '{node[:40]}' does not exist")

    def number(self, account: Account) -> Json:
        return {
            "verified_name": "The example shop",
            "code_verification_status": "VERIFIED",
            "display_phone_number": f"+{account.address}",
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "status": "CONNECTED",
            "id": account.id,
        }

    def of_business(self, node: str) -> list[Account]:
        self._caller()
        found = [account for account in self._world.accounts if node in {account.business_id, account.id}]
        if not found:
            raise refusal("100/33", f"Object with ID '{node[:40]}' does not exist")
        return found

    def subscribed_apps(self, node: str) -> Json:
        account = self._caller() if node == "me" else self.of_business(node)[0]
        app: dict[str, Any] = {"id": account.app_id, "name": "Spur", "link": "https://example.com/"}
        if account.channel == "whatsapp":
            return {"data": [{"whatsapp_business_api_data": app}]}
        return {"data": [{**app, "subscribed_fields": _FIELDS[account.channel]}]}

    def subscriptions(self, node: str) -> Json:
        """Of the app: by the app's own token (`id|secret`), as Graph wants it, or by one of its accounts'."""
        self._caller_or_app()
        found = []
        for account in self._world.accounts:
            if account.app_id == node and account.channel in _OBJECTS:
                fields = [{"name": name, "version": "v26.0"} for name in _FIELDS[account.channel]]
                url = f"{self._world.public_url}/webhooks/{account.channel}"
                found.append(
                    {"object": _OBJECTS[account.channel], "callback_url": url, "active": True, "fields": fields}
                )
        if not found:
            raise refusal("100/33", f"Object with ID '{node[:40]}' does not exist")
        return {"data": found}

    def debug_token(self, token: str) -> Json:
        self._caller_or_app()
        account = self._world.accounts.find(_CHANNELS, token=token) if token else None
        if account is None:
            error = {"code": 190, "message": "Malformed access token", "subcode": 2069032}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        scopes = {
            "whatsapp": ["whatsapp_business_management", "whatsapp_business_messaging"],
            "instagram": ["instagram_business_basic", "instagram_business_manage_messages"],
            "messenger": ["pages_messaging", "pages_manage_metadata"],
        }[account.channel]
        data = {"app_id": account.app_id, "type": "SYSTEM_USER", "application": "Spur", "expires_at": 0}
        return {"data": {**data, "is_valid": True, "scopes": scopes, "data_access_expires_at": 0}}

    def _caller_or_app(self) -> None:
        shown = bearer()
        if not any(shown == f"{account.app_id}|{account.secret}" for account in self._world.accounts):
            self._caller()


def _profile(account: Account) -> Json:
    if account.channel == "instagram":
        return {"id": account.id, "user_id": account.id, "username": "example.shop", "account_type": "BUSINESS"}
    return {"id": account.id, "name": "The example shop"}
