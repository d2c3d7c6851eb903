package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockOf returns the CPU time that a process has used, without its children's, to the nanosecond: /proc counts in
// hundredths of a second, which is more than a clone takes. Source: clock_getcpuclockid(3), as Linux makes these ids.
func clockOf(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// children returns the processes that a process has started and that still run, and theirs.
func children(pid int) (all []int) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range threads {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for _, f := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(f); err == nil {
				all = append(append(all, child), children(child)...)
			}
		}
	}
	return all
}

// memoryOf returns the memory of a process and all below it: what several of them share counts once.
func memoryOf(pid int) (bytes int64) {
	for _, p := range append(children(pid), pid) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		for _, l := range strings.Split(string(b), "\n") {
			if v, ok := strings.CutPrefix(l, "Pss:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
				bytes += n << 10
			}
		}
	}
	return bytes
}

// mostMemory returns the most memory that a process and all below it use while f runs, looked at a hundred times a second.
func mostMemory(pid int, f func() error) (most int64, err error) {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for {
			most = max(most, memoryOf(pid))
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	err = f()
	close(stop)
	return <-done, err
}
