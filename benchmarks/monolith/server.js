// `node server.js`: as many processes as WORKERS says, one port, one pool of connections each.

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createApp } from "./app.js";
import { Store } from "./store.js";

const { PORT, WORKERS, DATABASE_URL, DATABASE_CONNECTIONS, OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, PROMPT } =
  process.env;

if (cluster.isPrimary) {
  for (let worker = 0; worker < Number(WORKERS); worker++) cluster.fork();
  cluster.on("exit", () => process.exit(1));
} else {
  // By the vendor's package and with a line of log for each request, as it would be deployed; or the least that it can cost.
  const bare = process.env.BARE === "1";
  const { Model } = await import(bare ? "./bare_model.js" : "./model.js");
  const store = new Store(DATABASE_URL, Number(DATABASE_CONNECTIONS));
  const model = new Model(OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, readFileSync(PROMPT, "utf8"));
  await createApp(store, model, !bare).listen({ host: "127.0.0.1", port: Number(PORT), backlog: 2048 });
}
