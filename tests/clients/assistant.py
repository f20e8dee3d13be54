"""A program of the person, with monei-sdk 0.1.3 as it is: it asks on the Unix socket to be allowed, and then does what it is told, a line at a
time. It answers with one line of JSON each."""

import asyncio
import http.client
import json
import os
import socket
import sys

from monei.client import MoneiClient
from monei.exceptions import MoneiAPIError


class OnSocket(http.client.HTTPConnection):
    """HTTP over the Unix socket of Monei Connections."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["MONEI_SOCKET"])


def on_socket(method, path, body=None):
    connection = OnSocket("localhost")
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


async def told(call):
    """What a call comes to: its answer, or the status and the sentence that it was refused with."""
    try:
        return {"answer": str(await call)}
    except MoneiAPIError as error:
        message = json.loads(error.response.text)["message"] if error.response is not None else str(error)
        return {"status": error.status_code, "message": message}


async def main():
    pairing, monei, key = None, None, None
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "ask":
            status, answer = on_socket("POST", "/connect/pair", {"name": "Household assistant", "permissions": rest})
            pairing, answer = answer.get("pairing"), {"status": status}
        elif word == "fetch":
            status, given = 202, {}
            while status == 202:
                status, given = on_socket("GET", f"/connect/pair/{pairing}")
            key, answer = given.get("key"), {"status": status, "permissions": given.get("permissions")}
        elif word == "address":
            monei, answer = MoneiClient(api_key=key, base_url=rest[0]), {}
        elif word == "balance":
            answer = await told(monei.solana.get_native_balance())
        elif word == "profile":
            answer = await told(monei.user.get_me())
        elif word == "pay":
            body = {"receiver": "tunde.bello@example.net", "amount": int(rest[0])}
            answer = await told(monei._request("POST", "/wallet/payout/transfer", data=body))
        print(json.dumps(answer), flush=True)


asyncio.run(main())
