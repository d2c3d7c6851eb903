// Package timing measures whether the time of an answer tells a hidden repository from a missing one, in the manner of
// dudect: requests of several classes in random order, the slow tail cut off, Welch's t between the classes. Two
// classes of names that are both missing are the null control: what stands beside it, and is no larger, is noise.
//
//	go test -run '^$' -bench . -benchtime 20000x ./test/timing
//
// It asserts nothing, since nothing that depends on time is asserted here; TestClassesAnswerAlike makes sure that what is
// compared are the same answers.
package timing
