// What the JavaScript checks share: their input, the client under test, and assertions.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { strict as assert } from "node:assert";

export const vars = JSON.parse(readFileSync(0, "utf8"));
// The client lives in test/env/npm, not beside these scripts, so it is resolved from there.
export const hub = createRequire(process.env.AMBIT_TEST_NPM + "/package.json")("@huggingface/hub");
export const hubUrl = process.env.HF_ENDPOINT;
export { assert };
