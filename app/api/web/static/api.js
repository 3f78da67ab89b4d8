// The service as functions: a document in, its answer and how long it took out, or a Problem.

/** What a request got as application/problem+json (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.detail);
    Object.assign(this, {
      code: document.code,
      position: document.position,
      hint: document.hint,
      status: document.status,
    });
  }
}

const UNREACHABLE = { detail: "the server cannot be reached", code: "unreachable", status: 0 };
const TRIES = 4;
const KEY = "gradserve-key";
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Send a key with everything from now on, until the window closes. */
export const useKey = (key) => sessionStorage.setItem(KEY, key);

/** Where a path of the service is: beside the page, which a proxy may have under another path. */
export const address = (path) => new URL(`.${path}`, document.baseURI).href;

/** POST a document, and return the answer. */
export const post = (path, document, signal) => ask("POST", path, document, signal);

/** Ask the service by any method; a server that is busy or starting is asked again when it says so. */
export async function ask(method, path, document, signal) {
  for (let left = TRIES; ; left -= 1) {
    const response = await request(method, path, document, signal);
    if (response.status === 204) return {};
    if (response.ok) return { ...(await response.json()), timing: timing(response.headers) };
    const problem = new Problem(await response.json().catch(() => UNREACHABLE));
    if (left === 1 || ![429, 503].includes(response.status)) throw problem;
    await wait(Number(response.headers.get("Retry-After")) || 1);
  }
}

/** The response to a document; Accept says in which form it is wanted. */
export const send = (path, document, signal, Accept) => request("POST", path, document, signal, Accept);

async function request(method, path, asked, signal, Accept = "application/json") {
  try {
    const headers = { Accept };
    if (asked !== undefined) headers["Content-Type"] = "application/json";
    const key = sessionStorage.getItem(KEY);
    if (key) headers.Authorization = `Bearer ${key}`;
    return await fetch(address(path), { method, headers, body: asked && JSON.stringify(asked), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(UNREACHABLE);
  }
}

/** Which tier answered (Cache-Status, RFC 9211), and the microseconds of each step (Server-Timing). */
function timing(headers) {
  const steps = {};
  for (const [, name, milliseconds] of (headers.get("Server-Timing") ?? "").matchAll(/([a-z]+);dur=([\d.]+)/g)) {
    steps[name] = Number(milliseconds) * 1000;
  }
  const status = headers.get("Cache-Status") ?? "";
  return { steps, tier: /detail=(\w+)/.exec(status)?.[1] ?? "", hit: /;\s*hit/.test(status) };
}

/** Numbers as JavaScript has them: the service writes those that JSON cannot as strings. */
export const number = (found) => (Array.isArray(found) ? found.map(number) : Number(found));

/** Run the newest of what is asked; whatever is older is aborted. */
export function newest(work) {
  let controller = new AbortController();
  return async (...asked) => {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      await work(signal, ...asked);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
}

/** Run one at a time, and after it only the newest of what was asked meanwhile: slow networks still see progress. */
export function following(work) {
  let busy = false;
  let next = null;
  return async function run(...asked) {
    next = asked;
    if (busy) return;
    busy = true;
    try {
      while (next !== null) {
        const now = next;
        next = null;
        await work(...now);
      }
    } finally {
      busy = false;
    }
  };
}

/** Run once it has not been asked for so many milliseconds. */
export function settled(milliseconds, work) {
  let timer = 0;
  return (...asked) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...asked), milliseconds);
  };
}
