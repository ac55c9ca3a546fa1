"""The shop's software, as the tests play it: the calls of every platform's send API."""

from typing import Any

import requests

from tests.simulator.running import RunningSimulator

# A customer of each channel, as the platform names one.
CUSTOMERS = {
    "whatsapp": "16505550111",
    "instagram": "5614879045270000001",
    "messenger": "7614879045270000002",
    "telegram": "700100200",
    "twilio": "+16505550112",
}
CHANNELS = tuple(CUSTOMERS)


class Shop:
    """Calls of the shop's own accounts."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator

    def send(self, channel: str, text: str, mark: str = "", recipient: str = "", **more: Any) -> requests.Response:
        """To the channel's customer. `mark` is what comes back in a status or an echo, where that exists."""
        to = recipient or CUSTOMERS[channel]
        timeout = more.pop("timeout", 20)
        return requests.post(timeout=timeout, **self._request(channel, to, text, mark, more))

    def _request(self, channel: str, to: str, text: str, mark: str, more: dict[str, Any]) -> dict[str, Any]:
        account, url = self.simulator.account(channel), self.simulator.url
        bearer = {"Authorization": f"Bearer {account.token}"}
        match channel:
            case "whatsapp":
                body = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": text}}
                body |= {"biz_opaque_callback_data": mark} if mark else {}
                return {"url": f"{url}/v26.0/{account.id}/messages", "json": body | more, "headers": bearer}
            case "instagram" | "messenger":
                message = {"text": text} | ({"metadata": mark} if mark and channel == "messenger" else {})
                body = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": message}
                return {"url": f"{url}/v26.0/{account.id}/messages", "json": body | more, "headers": bearer}
            case "telegram":
                body = {"chat_id": int(to), "text": text}
                return {"url": f"{url}/bot{account.token}/sendMessage", "json": body | more}
            case _:
                form = {"To": to, "From": account.id, "Body": text}
                if mark:
                    gateway = self.simulator.inside.postman.public_url
                    form["StatusCallback"] = f"{gateway}/webhooks/twilio?delivery={mark}#rc=3&rp=all"
                path = f"/2010-04-01/Accounts/{account.business_id}/Messages.json"
                return {"url": url + path, "data": form | more, "auth": (account.business_id, account.token)}


def error_code(channel: str, answer: requests.Response) -> int:
    """The platform's code in its own place."""
    body = answer.json()
    if channel == "telegram":
        return int(body["error_code"])
    return int(body["code"] if channel == "twilio" else body["error"]["code"])
