// POST /chat/message: stored, answered by the model, stored, answered; whole, or as server-sent events.

import { randomUUID } from "node:crypto";
import Fastify from "fastify";

const UUID = { type: "string", format: "uuid" };
const BODY = {
  type: "object",
  required: ["message"],
  properties: {
    message: { type: "string", minLength: 1, maxLength: 4000 },
    sessionId: UUID,
    clientMessageId: UUID,
  },
};
const REPLY = {
  type: "object",
  properties: {
    sessionId: { type: "string" },
    messageId: { type: "string" },
    replyId: { type: "string" },
    reply: { type: "string" },
    meta: {
      type: "object",
      properties: {
        model: { type: "string" },
        promptTokens: { type: "integer" },
        completionTokens: { type: "integer" },
        latencyMs: { type: "integer" },
      },
    },
  },
};

export function createApp(store, model, logger) {
  const app = Fastify({ logger, keepAliveTimeout: 75_000 });

  app.get("/readyz", async () => ({ status: "ok" }));

  app.post("/chat/message", { schema: { body: BODY, response: { 200: REPLY } } }, async (request, reply) => {
    const { message, sessionId = randomUUID(), clientMessageId = randomUUID() } = request.body;
    const messageId = await store.record(sessionId, message, clientMessageId);
    if (messageId === undefined) return repeat(reply, sessionId, clientMessageId);
    const history = await store.history(sessionId, messageId);
    if (request.headers.accept === "text/event-stream") return stream(reply, sessionId, messageId, history);
    const { text, call } = await model.write(history);
    const replyId = await store.finish(sessionId, messageId, text, call);
    return { sessionId, messageId, replyId, reply: text, meta: call };
  });

  async function repeat(reply, sessionId, clientMessageId) {
    const known = await store.answered(sessionId, clientMessageId);
    if (known.reply_id === null) return reply.code(409).send({ error: "This message is being answered." });
    return { sessionId, messageId: known.id, replyId: known.reply_id, reply: known.text };
  }

  async function stream(reply, sessionId, messageId, history) {
    reply.hijack();
    const { raw } = reply;
    const send = (name, data) => raw.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    send("accepted", { sessionId, messageId });
    try {
      const { text, call } = await model.stream(history, (token) => send("delta", { text: token }));
      const replyId = await store.finish(sessionId, messageId, text, call);
      send("reply", { sessionId, messageId, replyId, reply: text, meta: call });
    } catch (error) {
      console.error(error);
      send("error", { error: "The answer failed: send the message again." });
    }
    raw.end();
  }

  return app;
}
