// Calls to the model by the vendor's own package, streamed, as most would write it and as Spur does.

import OpenAI from "openai";

export class Model {
  constructor(baseUrl, key, name, system) {
    this.client = new OpenAI({ baseURL: baseUrl, apiKey: key, maxRetries: 0, timeout: 30_000 });
    this.name = name;
    this.system = { role: "system", content: system };
  }

  write(history) {
    return this.stream(history, () => {});
  }

  async stream(history, onToken) {
    const began = performance.now();
    const said = history.map(({ author, text }) => ({ role: author === "customer" ? "user" : "assistant", content: text }));
    const events = await this.client.chat.completions.create({
      model: this.name,
      messages: [this.system, ...said],
      max_tokens: 250,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage;
    for await (const event of events) {
      usage = event.usage ?? usage;
      const token = event.choices[0]?.delta.content;
      if (token) {
        text += token;
        onToken(token);
      }
    }
    const call = {
      model: this.name,
      promptTokens: usage?.prompt_tokens ?? 0,
      completionTokens: usage?.completion_tokens ?? 0,
      latencyMs: Math.round(performance.now() - began),
    };
    return { text, call };
  }
}
