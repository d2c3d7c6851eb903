// Package commitlines reads the body of the Hub's commit call as a stream: a header and operations, one JSON
// object on each line, or the older form, one JSON object with arrays.
//
// Both official clients put a file's whole content, base64 encoded, in one line, so a line may be longer than
// memory should be. The scanner is therefore written by hand: strings that may be long go to a bounded buffer
// and beyond it to a temporary file, everything else is small or refused.
//
// Source: huggingface_hub _commit_api.py, _prepare_commit_payload; @huggingface/hub lib/commit.ts.
package commitlines
