// Data kept on the server: what this browser has put there, with its shapes.
//
// The list is of this browser (localStorage). The service has no names for data, and keeps them by their content.

import { ask, post } from "../../api.js";

const KEY = "gradserve-data";
const MOST = 100;
const shapes = new Map();

/** Everything in the list, the latest first: {id, name, shape, bytes, at}, at in milliseconds since 1970. */
export function listed() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) ? found.filter(({ id, shape }) => typeof id === "string" && Array.isArray(shape)) : [];
  } catch {
    return [];
  }
}

const write = (entries) => localStorage.setItem(KEY, JSON.stringify(entries.slice(0, MOST)));

/** The shape of data, [] as long as it is unknown. */
export const shapeOf = (id) => shapes.get(id) ?? listed().find((entry) => entry.id === id)?.shape ?? [];

/** Learn the shapes of data that a link names. */
export async function learn(ids) {
  for (const id of ids) if (shapeOf(id).length === 0) shapes.set(id, (await describe(id)).shape);
}

/** What the service says of data; a Problem if they are gone. */
export const describe = (id) => ask("GET", `/v1/data/${id}`);

/** Put numbers on the server, and into the list. */
export async function keep(name, values) {
  const found = await post("/v1/data", { values });
  const entry = { id: found.data_id, name, shape: found.shape, bytes: found.bytes, at: Date.now() };
  write([entry, ...listed().filter(({ id }) => id !== entry.id)]);
  return entry;
}

/** Take data from the list and, if they are still there, from the server. */
export async function remove(id) {
  try {
    await ask("DELETE", `/v1/data/${id}`);
  } catch (problem) {
    if (problem.status !== 404) throw problem;
  }
  write(listed().filter((entry) => entry.id !== id));
}
