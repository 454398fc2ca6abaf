// Tests against rsvault in a container, by testcontainers and Node's own test runner.
//
//     npm install testcontainers        # version 12 asks for Node 22
//     docker build --tag rsvault PATH_OF_RSVAULT
//     node --test vault.test.mjs
//
// Where RSVAULT_URL names a server, no container is started.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

const image = process.env.RSVAULT_IMAGE ?? "rsvault";
const command = ["serve", "--host", "0.0.0.0", "--clock", "frozen"];
const groups = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups";

let url = process.env.RSVAULT_URL;
let container;

before(async () => {
  if (url) return;
  const { GenericContainer, Wait } = await import("testcontainers");
  container = await new GenericContainer(image)
    .withCommand(command)
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forLogMessage(/rsvault ready/))
    .start();
  url = `http://localhost:${container.getMappedPort(8080)}`;
});

after(() => container?.stop());

beforeEach(() => ask("POST", "/_emulator/reset"));

// Any token will do, unless rsvault is told otherwise. Microsoft's clients want HTTPS: docs/javascript.md.
async function ask(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { "Content-Type": "application/json", Authorization: "Bearer any" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

test("a group lives on", async () => {
  await ask("PUT", `${groups}/web?api-version=2025-04-01`, { location: "westeurope" });
  await ask("POST", "/_emulator/clock/advance", { by: "P30D" });
  const { value } = await ask("GET", `${groups}?api-version=2025-04-01`);
  assert.deepEqual(value.map((each) => each.name), ["web"]);
});

test("the next test finds nothing", async () => {
  assert.deepEqual((await ask("GET", `${groups}?api-version=2025-04-01`)).value, []);
});
