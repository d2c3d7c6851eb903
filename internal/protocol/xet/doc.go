// Package xet is the Xet protocol: the hub's side, which hands out short-lived tokens, and the content-addressed store behind
// them. It translates; service/xet does.
//
// Tokens are tickets of package identity: bound to one repository, one revision, reading or writing, and dead with the
// credential that they were made for. A hub credential is not accepted by the store, nor a Xet token by the hub.
//
// Sources: hub-docs docs/xet; huggingface/xet-core cas_client; huggingface_hub utils/_xet.py; @huggingface/hub
// src/utils/XetBlob.ts, uploadShards.ts.
package xet
