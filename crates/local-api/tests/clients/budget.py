"""Reads an account through Monei Connections with monei-sdk 0.1.3: address and app key come from the environment, the package is unchanged."""

import asyncio
import json
import os

from monei.client import MoneiClient
from monei.exceptions import MoneiAPIError
from monei.models import wallet


async def main():
    monei = MoneiClient(api_key=os.environ["MONEI_APP_KEY"], base_url=os.environ["MONEI_BASE_URL"])
    told = {}
    await monei.user.get_me()
    told["name"] = "ok"
    await monei.solana.get_native_balance()
    told["balance"] = "ok"
    try:
        await monei.bills.get_bill_history()
        told["bills"] = "ok"
    except MoneiAPIError as error:
        told["bills"] = f"{error.status_code} {error}"
    try:
        await monei.wallet.peer_transfer(wallet.PeerTransferDto(receiver="tunde.bello@example.net", amount=10, transactionPin="2468"))
        told["transfer"] = "sent"
    except MoneiAPIError as error:
        told["transfer"] = f"{error.status_code}"
        told["transfer_message"] = str(error)
    await monei.close()
    print(json.dumps(told))


asyncio.run(main())
