package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// apart runs f while this process keeps to one half of the processors, and gives it the other half, for who asks. Where both
// share all of them a server that answers quickly has to leave the larger part to its client, and a slow one has everything
// for itself: then it is the client that is measured. In production it is on another machine.
func apart(f func(theirs *unix.CPUSet) error) (err error) {
	var all, ours, theirs unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	half := all.Count() / 2
	if half == 0 {
		return errors.New("one processor cannot be divided")
	}
	for cpu := 0; ours.Count()+theirs.Count() < all.Count(); cpu++ {
		switch {
		case !all.IsSet(cpu):
		case ours.Count() < half:
			ours.Set(cpu)
		default:
			theirs.Set(cpu)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(half))
	if err := confine(&ours); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, confine(&all)) }()
	return f(&theirs)
}

// confine moves all threads of this process to a set of processors. Those that come later are where the one is that makes
// them, so a second look finds those that came meanwhile.
func confine(to *unix.CPUSet) error {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return nil
}

// startOn starts a program on a set of processors; nil is any.
func startOn(set *unix.CPUSet, cmd *exec.Cmd) error {
	if set == nil {
		return cmd.Start()
	}
	runtime.LockOSThread() // children are where the thread is that makes them
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, set); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &before))
}
