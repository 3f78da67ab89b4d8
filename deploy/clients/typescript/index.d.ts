import type { Client, ClientOptions } from "openapi-fetch";
import type { paths } from "./schema.js";

/** Returns a client whose methods know the paths, bodies and answers of the service. */
export default function createClient(options?: ClientOptions): Client<paths>;
export type { components, operations, paths } from "./schema.js";
