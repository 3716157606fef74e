// The function's API. Where it lies is said in one place: the `tinycopy-api` meta element of index.html.

const given = document.querySelector('meta[name="tinycopy-api"]').content;
const BASE = new URL(given || "./", document.baseURI);

/**
 * Why there is no answer. kind: "offline", "unreachable" (no answer came) or "problem" (the server
 * said why). fields: name of the field -> what is wrong. retryAfter: seconds, or null.
 */
export class ApiError extends Error {
  constructor(kind, about = {}) {
    super(about.detail ?? kind);
    Object.assign(this, { kind, status: 0, slug: "", fields: {}, requestId: null, retryAfter: null }, about);
  }
}

export const address = (path) => new URL(path, BASE).href;
export const templates = () => ask("v1/templates");
export const copy = (request, signal) => ask("v1/copy", { body: request, signal });
export const checks = (request, signal) => ask("v1/checks", { body: request, signal });
export const health = (signal) => ask("health", { signal });

async function ask(path, { body, signal } = {}) {
  let response;
  try {
    response = await fetch(address(path), {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal,
    });
    if (response.ok) return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(navigator.onLine ? "unreachable" : "offline");
  }
  throw await problem(response);
}

/** The server's words as a sentence. What is wrong with a field stands there and need not name it. */
function plain(message) {
  const said = message.replace(/^`[^`]*`: /, "");
  return `${said[0].toUpperCase()}${said.slice(1)}${said.endsWith(".") ? "" : "."}`;
}

/** The server's own words, RFC 9457; or just the status where something in front of it answered. */
async function problem(response) {
  const about = { status: response.status, requestId: response.headers.get("X-Request-Id") };
  const wait = Number.parseInt(response.headers.get("Retry-After"), 10);
  if (wait >= 0) about.retryAfter = wait;
  try {
    const said = await response.json();
    about.slug = said.type.split("#problem-")[1] ?? "";
    about.detail = plain(said.detail);
    about.fields = Object.fromEntries((said.errors ?? []).map((e) => [e.field, plain(e.message)]));
    about.requestId ??= said.instance?.split(":").pop() ?? null;
  } catch {
    about.detail = `${response.status} ${response.statusText}`;
  }
  return new ApiError("problem", about);
}
