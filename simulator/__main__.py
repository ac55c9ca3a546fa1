"""`python -m simulator`: the platforms, and the phone in the browser, on one port."""

import signal
import threading

import structlog

from chassis import logs
from chassis.settings import load, stop
from simulator import serving
from simulator.app import Simulator
from simulator.config import SimulatorSettings, accounts


def main() -> None:
    settings = load(SimulatorSettings)
    logs.configure("simulator", settings.log_level)
    host, port = settings.host, settings.simulator_port
    try:
        listener = serving.listen(host, port)
    except OSError as error:
        stop(f"{host}:{port} cannot be opened ({error.strerror}): choose another SIMULATOR_PORT or HOST, or free it.")
    url = f"http://{host}:{port}"
    simulator = Simulator(accounts(settings), settings.simulator_gateway_url, url, settings.simulator_public_url)
    server = serving.server(simulator, listener)

    def end(*_: object) -> None:
        # Not in this thread, which is the one that serves: it would wait for itself.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    structlog.get_logger().info("the phone is ready", url=url, gateway=settings.simulator_gateway_url)
    server.serve_forever(poll_interval=0.2)
    simulator.close()
    server.server_close()


if __name__ == "__main__":
    main()
