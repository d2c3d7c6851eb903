// Package twin proves that what a caller cannot see has no influence on what the hub answers.
//
// One world is built and copied. From the copy every repository that the caller cannot view is erased: rows, names,
// bytes. Then one log of requests, made from a grammar that knows every route of the program, is sent to both hubs
// through their whole HTTP stack, and every answer must be equal byte for byte. Nothing is masked but the id of the
// request: clock and random numbers are the same in both, since each hub lives in a bubble of testing/synctest.
//
// One channel is known and accepted (docs/access.md): who may create repositories in a namespace learns that a name
// is taken there. The grammar leaves it out, and TestTakenNameTellsNothingElse bounds it.
//
// AMBIT_TWIN_REQUESTS sets how many requests each caller makes. A route that is new in the program fails
// TestGrammarKnowsEveryRoute until values, bodies or queries know how to ask for it.
package twin
