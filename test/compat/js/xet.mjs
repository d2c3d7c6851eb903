// Uploads by Xet or downloads, with the client's defaults: vars.files is a list of [name, size, seed].
import { assert, hub, hubUrl, vars } from "./lib.mjs";

// The same bytes as everywhere in this script: a small generator, since Node has none with a seed.
function content(size, seed) {
	const out = new Uint8Array(size);
	let x = (seed * 2654435761 + 1) >>> 0;
	for (let i = 0; i < size; i++) {
		x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
		out[i] = x & 255;
	}
	return out;
}

const repo = { type: "model", name: vars.repo };
const calls = [];
const counted = async (url, init) => { calls.push(`${init?.method ?? "GET"} ${new URL(String(url)).pathname}`); return fetch(url, init); };
const access = { hubUrl, accessToken: vars.token, repo, fetch: counted };

if (vars.how === "upload") {
	await hub.createRepo({ ...access, visibility: "private" }).catch(err => { if (err.statusCode !== 409) throw err; });
	await hub.uploadFiles({ ...access, commitTitle: "by Xet", files: vars.files.map(([path, size, seed]) => ({ path, content: new Blob([content(size, seed)]) })) });
	assert.ok(calls.some(c => /^POST \/xet\/.*\/v1\/xorbs\//.test(c)), `no xorb was sent: ${calls}`);
	assert.ok(calls.some(c => /^POST \/xet\/.*\/v1\/shards$/.test(c)), `no shard was sent: ${calls}`);
	process.stdout.write(JSON.stringify(vars.files.map(([path, size, seed]) => [path, Buffer.from(content(size, seed)).toString("base64")])));
} else if (vars.how === "edit") { // ranges of a file are replaced without the rest being fetched for cutting; twice, so that it has several terms
	const [path, , ] = vars.files[0];
	let want = Buffer.from(content(vars.files[0][1], vars.files[0][2]));
	for (const edits of vars.edits) {
		const originalContent = await hub.downloadFile({ ...access, path });
		await hub.commit({ ...access, title: "edit", operations: [{ operation: "edit", path, originalContent,
			edits: edits.map(([start, end, size, seed]) => ({ start, end, content: new Blob([content(size, seed)]) })) }] });
		for (const [start, end, size, seed] of edits.toReversed()) {
			want = Buffer.concat([want.subarray(0, start), Buffer.from(content(size, seed)), want.subarray(end)]);
		}
		const got = Buffer.from(await (await hub.downloadFile({ ...access, path })).arrayBuffer());
		assert.ok(got.equals(want), `${path} differs after ${JSON.stringify(edits)}: ${got.length} of ${want.length} bytes`);
	}
	assert.equal(calls.filter(c => /^GET \/xet\/.*\/v2\/file-chunk-hashes\//.test(c)).length, vars.edits.length, `${calls}`);
	process.stdout.write(JSON.stringify([[path, want.toString("base64")]]), () => process.exit(0)); // the client leaves a worker behind
} else {
	for (const [path, want] of vars.contents) {
		const blob = await hub.downloadFile({ ...access, path });
		const got = Buffer.from(await blob.arrayBuffer());
		assert.ok(got.equals(Buffer.from(want, "base64")), `${path} differs`);
		const middle = Math.floor(got.length / 2);
		const slice = Buffer.from(await blob.slice(middle, middle + 1000).arrayBuffer());
		assert.ok(slice.equals(got.subarray(middle, middle + 1000)), `a slice of ${path} differs`);
	}
	assert.ok(calls.some(c => /^GET \/xet\/.*\/v2\/reconstructions\//.test(c)), `nothing came by Xet: ${calls}`);
}
