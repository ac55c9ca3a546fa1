// The least that a call to the model can cost: no package but the HTTP client, and no stream where nobody waits for one.

import { Pool } from "undici";

const HEADERS = { "content-type": "application/json" };

export class Model {
  constructor(baseUrl, key, name, system) {
    const url = new URL(baseUrl);
    this.pool = new Pool(url.origin, { connections: null, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
    this.path = `${url.pathname.replace(/\/$/, "")}/chat/completions`;
    this.headers = { ...HEADERS, authorization: `Bearer ${key}` };
    this.name = name;
    this.system = { role: "system", content: system };
  }

  async #ask(history, stream) {
    const said = history.map(({ author, text }) => ({ role: author === "customer" ? "user" : "assistant", content: text }));
    const options = stream ? { stream: true, stream_options: { include_usage: true } } : {};
    const body = JSON.stringify({ model: this.name, messages: [this.system, ...said], max_tokens: 250, ...options });
    const response = await this.pool.request({ method: "POST", path: this.path, headers: this.headers, body });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new Error(`the model answered with status ${response.statusCode}`);
    }
    return response.body;
  }

  async write(history) {
    const began = performance.now();
    const answer = await (await this.#ask(history, false)).json();
    return { text: answer.choices[0].message.content, call: this.#call(answer.usage, began) };
  }

  async stream(history, onToken) {
    const began = performance.now();
    const body = await this.#ask(history, true);
    body.setEncoding("utf8");
    let held = "";
    let text = "";
    let usage;
    for await (const piece of body) {
      const lines = (held + piece).split("\n");
      held = lines.pop();
      for (const line of lines) {
        if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
        const chunk = JSON.parse(line.slice(6));
        usage = chunk.usage ?? usage;
        const token = chunk.choices[0]?.delta.content;
        if (token) {
          text += token;
          onToken(token);
        }
      }
    }
    return { text, call: this.#call(usage, began) };
  }

  #call(usage, began) {
    return {
      model: this.name,
      promptTokens: usage?.prompt_tokens ?? 0,
      completionTokens: usage?.completion_tokens ?? 0,
      latencyMs: Math.round(performance.now() - began),
    };
  }
}
