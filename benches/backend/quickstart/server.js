// Monei's documented quickstart as a server: connect, and a callback that exchanges the code. Nothing in it is slower than it needs to be:
// state and tokens stay in memory, nothing is logged, and Node's own fetch keeps its connection to Monei open.

import { randomBytes } from "node:crypto";
import express from "express";

const { MONEI_ORIGIN, MONEI_CLIENT_ID, MONEI_CLIENT_SECRET, MONEI_REDIRECT_URI, PORT } = process.env;
const TEN_MINUTES = 10 * 60 * 1000;

const app = express();
app.disable("x-powered-by");

const states = new Map();
const tokens = new Map();

app.get("/connect", (_request, response) => {
  const state = randomBytes(32).toString("hex");
  states.set(state, Date.now() + TEN_MINUTES);
  const query = new URLSearchParams({
    client_id: MONEI_CLIENT_ID,
    redirect_uri: MONEI_REDIRECT_URI,
    scope: "profile:read wallet:read",
    state,
  });
  response.redirect(`${MONEI_ORIGIN}/connect/authorize?${query}`);
});

app.get("/monei/callback", async (request, response) => {
  const { code, state, error } = request.query;
  const expires = states.get(state);
  states.delete(state);
  if (expires === undefined || expires < Date.now()) {
    response.status(400).json({ error: "invalid state" });
    return;
  }
  if (error) {
    response.status(400).json({ error: "not approved" });
    return;
  }
  const answer = await fetch(`${MONEI_ORIGIN}/api/v1/connect/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      grant_type: "authorization_code",
      code,
      redirect_uri: MONEI_REDIRECT_URI,
      client_id: MONEI_CLIENT_ID,
      client_secret: MONEI_CLIENT_SECRET,
    }),
  });
  if (!answer.ok) {
    response.status(502).json({ error: "exchange failed" });
    return;
  }
  const { access_token, refresh_token, expires_in, scopes } = await answer.json();
  tokens.set(access_token, { refresh_token, expires_at: Date.now() + expires_in * 1000, scopes });
  response.json({ connected: true, scopes });
});

app.listen(Number(PORT), "127.0.0.1");
