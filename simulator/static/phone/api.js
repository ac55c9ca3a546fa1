// The simulator's control API.

async function call(method, path, body, type = "application/json") {
  const raw = body instanceof Blob;
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.body = raw ? body : JSON.stringify(body);
    options.headers["Content-Type"] = raw ? body.type || "application/octet-stream" : type;
  }
  const answer = await fetch(`control/${path}`, options);
  const found = await answer.json();
  if (!answer.ok) {
    throw new Error(typeof found.error === "string" ? found.error : `the simulator answered ${answer.status}`);
  }
  return found;
}

function place(customer, rest) {
  const account = encodeURIComponent(customer.account);
  return `${customer.channel}/${encodeURIComponent(customer.id)}/${rest}?account=${account}`;
}

export const api = {
  get: (path) => call("GET", path),
  put: (path, body) => call("PUT", path, body),
  post: (path, body) => call("POST", path, body),
  remove: (path) => call("DELETE", path),
  upload: (file) => call("POST", "media", file),
  act: (customer, act) => call("POST", `customers/${place(customer, "acts")}`, act),
  open: (customer) => call("POST", `customers/${place(customer, "open")}`, {}),
  writeAsShop: (customer, text) => call("POST", `shops/${place(customer, "acts")}`, { kind: "text", text }),
};
