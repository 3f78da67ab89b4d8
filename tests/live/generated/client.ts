// What somebody writes with the types made from the OpenAPI document: node client.js URL.

import createClient, { type paths } from "gradserve-openapi";

const client = createClient({ baseUrl: process.argv[2] });

const found = await client.POST("/v1/grad", {
  body: { expression: "5*x1**2 + 6*x2**2 + 7*x3**2", point: [1, 2, 3], argnums: [0, 2] },
});

const registered = await client.POST("/v1/functions", { body: { expression: "lambda a, b: a*sin(b)" } });
if (registered.data === undefined) throw new Error(registered.error.detail);
const again = await client.POST("/v1/functions/{function_id}/grad", {
  params: { path: { function_id: registered.data.function_id } },
  body: { point: { a: 2, b: 0 }, argnums: "b" },
});

const refused = await client.POST("/v1/grad", { body: { expression: "sine(x)", point: [1] } });
const code: string | undefined = refused.error?.code;

const { value, gradient } = found.data!;
console.log(JSON.stringify({ value, gradient, slope: again.data!.gradient, code }));

// @ts-expect-error The types know what a request must have.
client.POST("/v1/grad", { body: { expression: "x" } }).catch(() => {});
// @ts-expect-error And what a precision is.
const wrong: paths["/v1/grad"]["post"]["requestBody"]["content"]["application/json"]["dtype"] = "float16";
void wrong;
