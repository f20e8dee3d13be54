"""Calls every method of monei-sdk 0.1.3 within the nine scopes, and writes a line of JSON for each: method, scope, result."""

import asyncio
import json
import os

import httpx
from monei.client import MoneiClient
from monei.exceptions import MoneiAPIError
from monei.models import bills, evm, exchange, solana, wallet

USDT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
USDT_MINT = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
TO = "0x00000000000000000000000000000000000000aa"
TO_SOLANA = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"


def calls(m):
    native = exchange.SwapNativeToTokenDto(amount="0.01", tokenOut=USDT, chainId=1)
    tokens = exchange.SwapTokenToTokenDto(inputMint=USDT, outputMint=USDC, amount=1)
    minted = exchange.SwapTokenToTokenDto(inputMint=USDC_MINT, outputMint=USDT_MINT, amount=1)
    sol = exchange.SwapSolToTokenDto(outputMint=USDC_MINT, amount=0.01)
    return [
        ("profile:read", "user.get_me", m.user.get_me()),
        ("wallet:read", "wallet.get_wallet", m.wallet.get_wallet()),
        ("wallet:read", "transactions.get_user_transactions", m.transactions.get_user_transactions()),
        ("wallet:read", "evm.get_native_balance", m.evm.get_native_balance(1)),
        ("wallet:read", "evm.get_token_balance", m.evm.get_token_balance(USDT, 1)),
        ("wallet:read", "evm.get_portfolio", m.evm.get_portfolio(1)),
        ("wallet:read", "solana.get_wallet_address", m.solana.get_wallet_address()),
        ("wallet:read", "solana.get_native_balance", m.solana.get_native_balance()),
        ("wallet:read", "solana.get_portfolio", m.solana.get_portfolio()),
        ("wallet:read", "bills.get_bill_history", m.bills.get_bill_history()),
        ("wallet:deposit", "wallet.fund_wallet", m.wallet.fund_wallet(1500)),
        (
            "wallet:send",
            "wallet.peer_transfer",
            m.wallet.peer_transfer(wallet.PeerTransferDto(receiver="tunde.bello@example.net", amount=10, transactionPin="2468")),
        ),
        (
            "wallet:withdraw",
            "wallet.withdraw_to_bank",
            m.wallet.withdraw_to_bank(
                wallet.WithdrawWalletDto(amount=100, bank="058", accountNumber="0000000101", transactionPin="2468")
            ),
        ),
        ("swap:execute", "evm.send_native_token", m.evm.send_native_token(evm.SendNativeTokenDto(to=TO, amount="0.01", chainId=1))),
        ("swap:execute", "evm.send_token", m.evm.send_token(evm.SendTokenDto(to=TO, tokenAddress=USDT, amount="1", chainId=1))),
        ("swap:execute", "solana.transfer_sol", m.solana.transfer_sol(solana.TransferSolDto(to=TO_SOLANA, amount="0.01"))),
        (
            "swap:execute",
            "solana.transfer_token",
            m.solana.transfer_token(solana.TransferTokenDto(to=TO_SOLANA, tokenMintAddress=USDC_MINT, amount="1")),
        ),
        ("swap:execute", "exchange.get_swap_native_to_token_quote", m.exchange.get_swap_native_to_token_quote(native)),
        ("swap:execute", "exchange.swap_native_to_token", m.exchange.swap_native_to_token(native)),
        ("swap:execute", "exchange.get_swap_token_to_token_quote", m.exchange.get_swap_token_to_token_quote(tokens)),
        ("swap:execute", "exchange.swap_token_to_token", m.exchange.swap_token_to_token(tokens)),
        ("swap:execute", "exchange.get_swap_quote", m.exchange.get_swap_quote(USDC_MINT, USDT_MINT, 1)),
        ("swap:execute", "exchange.swap_sol_to_token", m.exchange.swap_sol_to_token(sol)),
        ("swap:execute", "exchange.swap_token_to_token_solana", m.exchange.swap_token_to_token_solana(minted)),
        ("swap:execute", "exchange.swap_token_to_sol", m.exchange.swap_token_to_sol(sol)),
        ("bills:pay", "bills.get_biller_items", m.bills.get_biller_items(bills.BillCategory.MOBILEDATA, "mtn")),
        ("bills:pay", "bills.validate_bill", m.bills.validate_bill("UB159", "45700000001")),
        (
            "bills:pay",
            "bills.buy_airtime",
            m.bills.buy_airtime(bills.AirtimePurchaseDto(phoneNumber="08000000101", biller="glo", amount=500)),
        ),
        (
            "bills:pay",
            "bills.buy_data",
            m.bills.buy_data(bills.DataPurchaseDto(phoneNumber="08000000101", biller="mtn", itemCode="MD104")),
        ),
        (
            "bills:pay",
            "bills.buy_electricity",
            m.bills.buy_electricity(bills.ElectricityPaymentDto(meterNumber="45700000001", amount=2400, disco="Ikeja Electric")),
        ),
        (
            "bills:pay",
            "bills.subscribe_cable_tv",
            m.bills.subscribe_cable_tv(
                bills.CableTvPaymentDto(smartcardNumber="1000000001", biller="DSTV", itemCode="CB141")
            ),
        ),
    ]


async def main():
    m = MoneiClient(api_key="unused", base_url=os.environ["SANDBOX"])
    # The package knows API keys alone; a Connect token goes into another header.
    headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"}
    m._client = httpx.AsyncClient(base_url=m.base_url, timeout=m.timeout, headers=headers, trust_env=False)
    for scope, method, call in calls(m):
        try:
            await call
            result = "ok"
        except MoneiAPIError as error:
            result = f"{type(error).__name__} {error.status_code}"
            if error.status_code not in (400, 403, 404):
                result += f" {error}"
        except Exception as error:  # what the package's own models refuse
            result = f"{type(error).__name__}: {error}"
        print(json.dumps({"scope": scope, "method": method, "result": result}))
    await m.close()


asyncio.run(main())
