package daemon

import "runtime"

// heapFloor is what the collector is made to take for live memory besides what really is, in bytes. A hub keeps little in
// memory, some ten megabytes, so the collector would run after each further ten that requests use for a moment, and take a
// third of the processor's time. The floor costs address space, and up to its size of memory while requests come in;
// nothing of it is ever touched. A higher GOGC would do the same for a small heap, and multiply a large one.
const heapFloor = 16 << 20

// HoldHeapFloor puts the floor in until release is called. Serve does; what measures a hub without it does so too.
func HoldHeapFloor() (release func()) {
	floor := make([]byte, heapFloor)
	return func() { runtime.KeepAlive(floor) }
}
