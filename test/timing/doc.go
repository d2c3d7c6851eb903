// Package timing measures whether the time of an answer tells a hidden repository from a missing one, with requests of both
// kinds in random order: see internal/testkit/dudect. Two sets of hidden repositories and two of names of nothing are the
// null control: what stands beside it, and is no larger, is noise.
//
//	go test -run '^$' -bench . -benchtime 20000x ./test/timing
//
// It asserts nothing, since nothing that depends on time is asserted here; TestClassesAnswerAlike makes sure that what is
// compared are the same answers.
package timing
