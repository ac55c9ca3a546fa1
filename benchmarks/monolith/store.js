// Everything that is written and read: one statement, so one round trip and one commit, for each step of a turn.

import pg from "pg";

const HISTORY = 20;

const RECORD = `
  WITH conversation AS (
    INSERT INTO conversations (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET updated_at = now() RETURNING id
  )
  INSERT INTO messages (conversation_id, author, text, client_message_id)
  SELECT id, 'customer', $2, $3 FROM conversation
  ON CONFLICT (conversation_id, client_message_id) DO NOTHING
  RETURNING id`;

const READ_HISTORY = `
  SELECT author, text FROM messages WHERE conversation_id = $1 AND id <= $2 ORDER BY id DESC LIMIT ${HISTORY}`;

const FINISH = `
  WITH reply AS (
    INSERT INTO messages (conversation_id, author, text, reply_to) VALUES ($1, 'assistant', $2, $3) RETURNING id
  )
  INSERT INTO model_calls (message_id, model, prompt_tokens, completion_tokens, latency_ms)
  SELECT id, $4, $5, $6, $7 FROM reply
  RETURNING message_id`;

const READ_ANSWERED = `
  SELECT asked.id, reply.id AS reply_id, reply.text
  FROM messages asked LEFT JOIN messages reply ON reply.conversation_id = $1 AND reply.reply_to = asked.id
  WHERE asked.conversation_id = $1 AND asked.client_message_id = $2`;

export class Store {
  constructor(url, connections) {
    this.pool = new pg.Pool({ connectionString: url, max: connections });
    this.pool.on("error", (error) => console.error(error));
  }

  // Named statements are prepared once on each connection.
  #query(name, text, values) {
    return this.pool.query({ name, text, values });
  }

  // The id of the stored message; undefined where it was stored before.
  async record(conversation, text, clientMessageId) {
    const { rows } = await this.#query("record", RECORD, [conversation, text, clientMessageId]);
    return rows[0]?.id;
  }

  // Up to and with `message`, the oldest first.
  async history(conversation, message) {
    const { rows } = await this.#query("history", READ_HISTORY, [conversation, message]);
    return rows.reverse();
  }

  async finish(conversation, message, text, call) {
    const values = [conversation, text, message, call.model, call.promptTokens, call.completionTokens, call.latencyMs];
    const { rows } = await this.#query("finish", FINISH, values);
    return rows[0].message_id;
  }

  async answered(conversation, clientMessageId) {
    const { rows } = await this.#query("answered", READ_ANSWERED, [conversation, clientMessageId]);
    return rows[0];
  }
}
