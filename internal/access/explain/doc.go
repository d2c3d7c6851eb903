// Package explain answers why: for a token, a person or a service account, an action and a target, it tells each
// layer's verdict and the fewest changes that would allow it, and what would stop working under another policy. It also
// keeps refusals for a while, so that they can be looked up by the id of the request.
//
// Everything goes by whom it is told to:
//
//   - Who asks about the credential that it asks with learns what concerns targets in sight, and of others what the
//     refusal said.
//   - A person in a browser session may ask about the own tokens, also about one that is not made yet, and learns
//     everything about targets that the person sees.
//   - An admin of an organization learns everything about members' tokens and service accounts in that organization.
//   - An administrator of the hub learns everything; each such look is in the audit log.
//
// Explanations are made by the same functions that decide, on the same facts.
package explain
