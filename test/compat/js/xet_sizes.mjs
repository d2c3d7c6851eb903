// Files of every size by Xet with the client's defaults. vars.files is a list of [name, size, seed, changed]: of a changed
// file one twentieth, in its middle, is of another seed.
import { createHash } from "node:crypto";
import { assert, hub, hubUrl, vars } from "./lib.mjs";

function fill(words, seed) {
	let x = (seed * 2654435761 + 1) >>> 0;
	for (let i = 0; i < words.length; i++) {
		x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
		words[i] = x;
	}
}

function content(size, seed, changed) {
	const words = new Uint32Array(Math.ceil(size / 4));
	fill(words, seed);
	if (changed) {
		const middle = words.length >>> 1;
		fill(words.subarray(middle, middle + Math.floor(words.length / 20)), seed + 1000);
	}
	return new Uint8Array(words.buffer, 0, size);
}

const repo = { type: "model", name: vars.repo };
const paths = new Set();
const counted = async (url, init) => { paths.add(`${init?.method ?? "GET"} ${new URL(String(url)).pathname.replace(/\/[0-9a-f]{24,}.*?(?=\/|$)/g, "/ID")}`); return fetch(url, init); };
const access = { hubUrl, accessToken: vars.token, repo, fetch: counted };

if (vars.how === "upload") {
	await hub.createRepo({ ...access, visibility: "private" }).catch(err => { if (err.statusCode !== 409) throw err; });
	await hub.uploadFiles({ ...access, commitTitle: "by Xet", files: vars.files.map(([path, ...how]) => ({ path, content: new Blob([content(...how)]) })) });
	assert.ok([...paths].some(p => /^POST \/xet\/.*\/v1\/shards$/.test(p)), `no shard was sent: ${[...paths]}`);
} else {
	for (const [path, ...how] of vars.files) {
		const blob = await hub.downloadFile({ ...access, path });
		const got = createHash("sha256");
		let size = 0;
		for await (const piece of blob.stream()) {
			got.update(piece);
			size += piece.length;
		}
		assert.equal(size, how[0], path);
		assert.equal(got.digest("hex"), createHash("sha256").update(content(...how)).digest("hex"), path);
	}
	assert.ok([...paths].some(p => /^GET \/xet\/.*\/v2\/reconstructions\//.test(p)), `nothing came by Xet: ${[...paths]}`);
}
process.exit(0); // the client leaves workers behind
