// Package compat runs the official clients, unmodified, against a real Ambit server process.
//
// The tests build cmd/ambit, start `ambit serve` on a free port with an empty data folder, make people, organizations
// and tokens with the command line, as an operator would, and then run the scripts of py/ and js/ with nothing but
// HF_ENDPOINT (JavaScript: hubUrl) pointing at the server. Each script runs in a process of its own with an empty home,
// so that no cache or login of another test can help it. hostile_test.go and its neighbours speak raw HTTP where no client
// would send what they send.
//
// What the clients need on the machine is installed by test/env/setup; without it these tests fail and say so.
package compat
