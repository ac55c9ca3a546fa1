// Speaks HTTP with the gateway: one request, one deadline, one kind of error.

/** What went wrong with a request, whatever it was. */
export class ApiError extends Error {
  /**
   * @param {string} code the server's code, or `network`, or `bad_answer` for an answer that is not the API's
   * @param {number} status 0 where there was no answer
   * @param {number|null} retryAfter milliseconds to wait, where the server asked for it
   */
  constructor(code, { status = 0, retryAfter = null, message = "" } = {}) {
    super(message || code);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The server does not know the session. Any other 404 is a mistake on the way, and no reason to forget it. */
  get sessionLost() {
    return this.status === 404 && this.code === "session_not_found";
  }
}

/** A client for the API below `baseUrl`. */
export function createClient(baseUrl, timing) {
  const root = new URL(baseUrl.replace(/\/*$/, "/"), document.baseURI);

  async function open(method, path, { token, body, headers = {}, signal }) {
    const sent = { Accept: "application/json", ...headers };
    if (token) sent.Authorization = `Bearer ${token}`;
    if (body !== undefined) sent["Content-Type"] = "application/json";
    const response = await settle(
      fetch(new URL(path.replace(/^\//, ""), root), {
        method,
        headers: sent,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
      }),
    );
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Sends a request and returns the JSON of its answer; throws ApiError. */
  async function request(method, path, { signal, ...options } = {}) {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timing.request);
    const abort = () => deadline.abort();
    signal?.addEventListener("abort", abort);
    try {
      const response = await open(method, path, { ...options, signal: deadline.signal });
      return await settle(response.json(), "bad_answer");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Opens an event stream and returns its bytes; throws ApiError. The caller watches the time. */
  async function stream(path, { token, signal }) {
    const response = await open("GET", path, { token, signal, headers: { Accept: "text/event-stream" } });
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new ApiError("bad_answer");
    return response.body.getReader();
  }

  return { request, stream };
}

async function settle(promise, code = "network") {
  try {
    return await promise;
  } catch (error) {
    throw new ApiError(code, { message: String(error) });
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  return new ApiError(body?.error?.code ?? "refused", {
    status: response.status,
    retryAfter: retryAfter(response.headers.get("Retry-After")),
    message: typeof body?.error?.message === "string" ? body.error.message : "",
  });
}

/** Milliseconds from a Retry-After of seconds or of a date; null for none and for nonsense. */
export function retryAfter(header) {
  if (!header) return null;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) && wait >= 0 ? wait : null;
}
