"""What a configuration check asks of the platforms, and what customers' files come from."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from pydantic import ValidationError

from simulator.config import SimulatorSettings
from tests.ports import free_port
from tests.simulator.running import RunningSimulator
from tests.simulator.shop import CUSTOMERS
from tests.simulator.stub_gateway import StubGateway, wait_until

ROOT = Path(__file__).parents[2]


def graph(simulator: RunningSimulator, path: str, token: str) -> requests.Response:
    return requests.get(f"{simulator.url}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=5)


def test_graph_knows_number_page_and_account(simulator: RunningSimulator) -> None:
    number = simulator.account("whatsapp")
    found = graph(simulator, f"v26.0/{number.id}", number.token).json()
    assert (found["id"], found["display_phone_number"], found["status"]) == (number.id, "+12025550100", "CONNECTED")
    for channel in ("instagram", "messenger"):
        account = simulator.account(channel)
        assert graph(simulator, "v26.0/me", account.token).json()["id"] == account.id


def test_graph_knows_tokens_and_subscriptions(simulator: RunningSimulator) -> None:
    number = simulator.account("whatsapp")
    assert graph(simulator, f"debug_token?input_token={number.token}", number.token).json()["data"]["is_valid"] is True
    assert graph(simulator, "debug_token?input_token=nonsense", number.token).json()["data"]["is_valid"] is False
    apps = graph(simulator, f"v26.0/{number.business_id}/subscribed_apps", number.token).json()["data"]
    assert apps[0]["whatsapp_business_api_data"]["id"] == number.app_id
    page = simulator.account("messenger")
    apps = graph(simulator, f"v26.0/{page.id}/subscribed_apps", page.token).json()["data"]
    assert "message_echoes" in apps[0]["subscribed_fields"]
    app_token = f"{number.app_id}|{number.secret}"
    found = graph(simulator, f"v26.0/{number.app_id}/subscriptions", app_token).json()["data"]
    assert {one["object"] for one in found} == {"whatsapp_business_account", "instagram", "page"}
    assert found[0]["callback_url"].endswith("/webhooks/whatsapp")


@pytest.mark.parametrize(
    "path", ["v26.0/me", "v26.0/100200300400501", "v26.0/100200300400601/subscribed_apps", "debug_token?input_token=x"]
)
def test_graph_tells_nobody_without_a_token(simulator: RunningSimulator, path: str) -> None:
    answer = graph(simulator, path, "wrong")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


def test_a_file_of_whatsapp_is_asked_for_by_its_id(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.act("whatsapp", CUSTOMERS["whatsapp"], kind="image")
    image = gateway.webhooks[0].json["entry"][0]["changes"][0]["value"]["messages"][0]["image"]
    number = simulator.account("whatsapp")
    found = graph(simulator, f"v26.0/{image['id']}", number.token).json()
    assert (found["sha256"], found["mime_type"]) == (image["sha256"], "image/jpeg")
    assert len(requests.get(found["url"], timeout=5).content) == found["file_size"] > 1000


def test_a_bot_knows_itself_its_webhook_and_its_files(simulator: RunningSimulator, gateway: StubGateway) -> None:
    bot = simulator.account("telegram")
    base = f"{simulator.url}/bot{bot.token}"
    assert str(requests.get(f"{base}/getMe", timeout=5).json()["result"]["id"]) == bot.id
    assert (
        requests.get(f"{base}/getWebhookInfo", timeout=5).json()["result"]["url"] == f"{gateway.url}/webhooks/telegram"
    )
    elsewhere = {
        "url": f"{gateway.url}/webhooks/telegram?bot=2",
        "secret_token": "quite-new",
        "allowed_updates": ["message"],
    }
    assert requests.post(f"{base}/setWebhook", json=elsewhere, timeout=5).json()["result"] is True
    assert requests.get(f"{base}/getWebhookInfo", timeout=5).json()["result"]["allowed_updates"] == ["message"]
    simulator.act("telegram", CUSTOMERS["telegram"], kind="image")
    (webhook,) = gateway.webhooks
    assert webhook.path == "/webhooks/telegram?bot=2"
    assert webhook.headers["X-Telegram-Bot-Api-Secret-Token"] == "quite-new"
    largest = webhook.json["message"]["photo"][-1]["file_id"]
    file = requests.get(f"{base}/getFile", params={"file_id": largest}, timeout=5).json()["result"]
    found = requests.get(f"{simulator.url}/file/bot{bot.token}/{file['file_path']}", timeout=5)
    assert len(found.content) == file["file_size"]
    assert requests.get(f"{simulator.url}/bot1:wrong/getMe", timeout=5).status_code == 401


def test_a_button_of_telegram_stops_spinning_when_it_is_answered(
    simulator: RunningSimulator, gateway: StubGateway
) -> None:
    simulator.act("telegram", CUSTOMERS["telegram"], kind="button", text="Yes", payload="yes")
    query = gateway.webhooks[0].json["callback_query"]
    url = f"{simulator.url}/bot{simulator.account('telegram').token}/answerCallbackQuery"
    assert requests.post(url, json={"callback_query_id": query["id"]}, timeout=5).json()["result"] is True
    assert simulator.calls[-1]["call"] == "answerCallbackQuery"


def test_twilio_shows_how_the_number_is_configured(simulator: RunningSimulator, gateway: StubGateway) -> None:
    number = simulator.account("twilio")
    url = f"{simulator.url}/2010-04-01/Accounts/{number.business_id}/IncomingPhoneNumbers.json"
    found = requests.get(url, auth=(number.business_id, number.token), timeout=5).json()["incoming_phone_numbers"]
    assert found[0]["sms_url"] == f"{gateway.url}/webhooks/twilio#rc=3&rp=all"
    assert requests.get(url, auth=(number.business_id, "wrong"), timeout=5).json()["code"] == 20003


def test_the_process_serves_the_phone_and_ends_when_it_is_told(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "SIMULATOR_PORT": str(port), "SIMULATOR_TELEGRAM_BOT_TOKEN": "77:the-bots-token"}
    process = subprocess.Popen([sys.executable, "-m", "simulator"], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(f"{url}/readyz"), 30)
        page = requests.get(url, timeout=5)
        assert "The customer's phone" in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        accounts = {
            one["channel"]: one for one in requests.get(f"{url}/control/accounts", timeout=5).json()["accounts"]
        }
        assert accounts["telegram"]["id"] == "77"
        assert len(accounts["whatsapp"]["secret"]) > 20
        requests.get(f"{url}/bot77:the-bots-token/getMe", timeout=5)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert b"the-bots-token" not in said
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_told_with_its_setting(simulator: RunningSimulator) -> None:
    environment = {**os.environ, "SIMULATOR_PORT": simulator.url.rpartition(":")[2]}
    ran = subprocess.run(
        [sys.executable, "-m", "simulator"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert "choose another SIMULATOR_PORT" in ran.stderr


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIMULATOR_TELEGRAM_BOT_TOKEN", "no-colon"),
        ("SIMULATOR_TELEGRAM_SECRET_TOKEN", "two words"),
        ("SIMULATOR_GATEWAY_URL", "the gateway"),
        ("SIMULATOR_TWILIO_ACCOUNT_SID", "AC12"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        SimulatorSettings()
    assert [str(one["loc"][0]).upper() for one in caught.value.errors()] == [name]
