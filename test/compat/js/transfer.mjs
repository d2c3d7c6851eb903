// create, upload (basic and multipart), list, download, delete with @huggingface/hub.
import { assert, hub, hubUrl, vars } from "./lib.mjs";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";

const repo = { type: vars.type, name: vars.repo };
const writer = { hubUrl, accessToken: vars.token, repo };
const reader = { hubUrl, accessToken: vars.readToken, repo };

const who = await hub.whoAmI({ hubUrl, accessToken: vars.token });
assert.equal(who.name, vars.user);
assert.equal(who.auth.accessToken.role, "write");

const created = await hub.createRepo({ ...writer, visibility: "private", license: "mit", files: [{ path: "notes/first.txt", content: new Blob(["first"]) }] });
const prefix = vars.type === "model" ? "" : vars.type + "s/";
assert.equal(created.repoUrl, `${hubUrl}/${prefix}${vars.repo}`);
assert.match(created.id, /^[0-9a-f]{24}$/);
assert.equal(await hub.repoExists(reader), true);

// Not compressible and not a repeating pattern, so that parts in the wrong order would show.
const big = new Uint8Array(randomBytes(vars.bigSize));
const small = new Uint8Array(randomBytes(1000));
const commit = await hub.uploadFiles({ ...writer, useXet: false, commitTitle: "basic", files: [
	{ path: "a file with spaces.txt", content: new Blob(["plain text"]) },
	{ path: "deep/small.bin", content: new Blob([small]) },
	{ path: "empty.bin", content: new Blob([]) },
] });
assert.match(commit.commit.oid, /^[0-9a-f]{40}$/);

const puts = [];
const counted = async (url, init) => { if (init?.method === "PUT") puts.push(String(url)); return fetch(url, init); };
await hub.uploadFiles({ ...writer, useXet: false, fetch: counted, files: [{ path: "big.bin", content: new Blob([big]) }] });
assert.ok(puts.length > 1, `multipart: ${puts.length} PUT requests for ${vars.bigSize} bytes`);

// Without useXet the client offers xet too and must accept the older transfer in the answer.
await hub.uploadFiles({ ...writer, files: [{ path: "negotiated.bin", content: new Blob([new Uint8Array(randomBytes(2000))]) }] });

const listed = [];
for await (const f of hub.listFiles({ ...reader, recursive: true })) if (f.type === "file") listed.push(`${f.path} ${f.size}`);
for (const want of ["a file with spaces.txt 10", `big.bin ${vars.bigSize}`, "deep/small.bin 1000", "empty.bin 0", "negotiated.bin 2000", "notes/first.txt 5"])
	assert.ok(listed.includes(want), `${want} is not in ${listed}`);

const download = async path => new Uint8Array(await (await hub.downloadFile({ ...reader, path })).arrayBuffer());
assert.deepEqual(await download("big.bin"), big);
assert.deepEqual(await download("deep/small.bin"), small);
assert.equal(new TextDecoder().decode(await download("a file with spaces.txt")), "plain text");
assert.equal((await download("empty.bin")).length, 0);
const blob = await hub.downloadFile({ ...reader, path: "big.bin" });
assert.equal(blob.size, vars.bigSize);
assert.deepEqual(new Uint8Array(await blob.slice(1_000_000, 1_000_010).arrayBuffer()), big.slice(1_000_000, 1_000_010));
assert.equal(await hub.downloadFile({ ...reader, path: "absent.bin" }), null);
assert.equal(await hub.fileExists({ ...reader, path: "big.bin" }), true);
assert.equal(await hub.fileExists({ ...reader, path: "absent.bin" }), false);

const [info] = await hub.pathsInfo({ ...reader, paths: ["big.bin", "absent.bin"], expand: true });
assert.equal(info.size, vars.bigSize);
assert.match(info.lfs.oid, /^[0-9a-f]{64}$/);
assert.match(info.lastCommit.id, /^[0-9a-f]{40}$/);

const titles = [];
for await (const c of hub.listCommits(reader)) titles.push(c.title);
assert.equal(titles.at(-1), "initial commit");
assert.ok(titles.includes("basic"));
assert.equal(await hub.countCommits(reader), titles.length);

const cached = await hub.downloadFileToCacheDir({ ...reader, path: "deep/small.bin", cacheDir: mkdtempSync("cache-") });
assert.deepEqual(new Uint8Array(readFileSync(cached)), small);
const folder = await hub.snapshotDownload({ ...reader, cacheDir: mkdtempSync("cache-") });
assert.deepEqual(new Uint8Array(readFileSync(folder + "/big.bin")), big);

const infoOf = { model: hub.modelInfo, dataset: hub.datasetInfo }[vars.type];
assert.equal((await infoOf({ hubUrl, accessToken: vars.readToken, name: vars.repo, additionalFields: ["author"] })).author, vars.repo.split("/")[0]);
const found = [];
const list = { model: hub.listModels, dataset: hub.listDatasets }[vars.type];
for await (const m of list({ hubUrl, accessToken: vars.readToken, search: { owner: vars.repo.split("/")[0] } })) found.push(m.name);
assert.ok(found.includes(vars.repo), `${vars.repo} is not in ${found}`);

await hub.createBranch({ ...writer, branch: "side" });
await hub.deleteFile({ ...writer, path: "empty.bin", branch: "side" });
assert.equal(await hub.fileExists({ ...reader, path: "empty.bin", revision: "side" }), false);
assert.equal(await hub.fileExists({ ...reader, path: "empty.bin" }), true);
await hub.deleteBranch({ ...writer, branch: "side" });

// A reader's refusal carries the server's sentence.
await assert.rejects(hub.uploadFile({ ...reader, useXet: false, file: { path: "x.txt", content: new Blob(["x"]) } }), err => {
	assert.equal(err.statusCode, 403);
	assert.match(err.message, /read/);
	return true;
});

await hub.deleteRepo(writer);
assert.equal(await hub.repoExists(reader), false);
