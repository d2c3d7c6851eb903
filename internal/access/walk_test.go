package access

import (
	"iter"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// visit is one situation of the space with its state, as production makes it. It is good until the next one.
type visit struct {
	situation
	at      sitting
	thingNo int
	subject *Subject
	state   State
}

// walk goes through one in every of the sittings of each slab, with everything that fits each, on all processors. begin
// makes what visits a slab, once for each goroutine; the first error ends the walk and is returned.
func walk(every int, begin func(*slab) func(*visit) error) error {
	var wg sync.WaitGroup
	var stop atomic.Bool
	errs := make(chan error, 1)
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wg.Go(func() {
			for _, b := range slabs() {
				if err := b.walk(every, worker, workers, &stop, begin(b)); err != nil {
					stop.Store(true)
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func (b *slab) walk(every, worker, workers int, stop *atomic.Bool, see func(*visit) error) (err error) {
	fitting, objects := b.fitting(), b.objects()
	v := &visit{}
	b.sittings(every, worker, workers, func(at sitting) bool {
		fit := fitting[at.seat][b.with[at.with].shape()]
		if len(fit) == 0 {
			return true
		}
		v.at = at
		v.seat, v.carried, v.said, v.thing = b.seats[at.seat], b.with[at.with], b.under[at.under], b.things[fit[0]]
		v.subject = v.situation.subject(v.repository())
		absent := v.subject.missingAt("acme")
		of := objects[v.placeNo()]
		for _, v.thingNo = range fit {
			v.thing = b.things[v.thingNo]
			o := &of[v.thingNo]
			if v.absent && v.target == "repo" {
				o = &absent
			}
			v.state = abstract(v.subject, o, spaceNow)
			if err = see(v); err != nil {
				return false
			}
		}
		return !stop.Load()
	})
	return err
}

// objects makes every thing once for each place: an organization's, in no group or in one, and a person's.
func (b *slab) objects() (of [3][]object) {
	for i, at := range []seat{{relation: "read"}, {relation: "read", group: "none"}, {relation: "owner"}} {
		for _, th := range b.things {
			s := situation{seat: at, thing: th}
			r := s.repository()
			of[i] = append(of[i], s.object(Anonymous(), &r))
		}
	}
	return of
}

func (at *seat) placeNo() int {
	switch {
	case at.relation == "owner":
		return 2
	case at.group != "":
		return 1
	}
	return 0
}

// situations yields those of one in every of the sittings, for tests that make the world of each themselves.
func situations(every int) iter.Seq[*situation] {
	return func(yield func(*situation) bool) {
		for _, b := range slabs() {
			fitting, going := b.fitting(), true
			b.sittings(every, 0, 1, func(at sitting) bool {
				for _, i := range fitting[at.seat][b.with[at.with].shape()] {
					going = going && yield(&situation{b.seats[at.seat], b.things[i], b.with[at.with], b.under[at.under]})
				}
				return going
			})
			if !going {
				return
			}
		}
	}
}

// fullOr is 1 with AMBIT_FULL=1, what the variable says if it is set, and the sample's stride otherwise.
func fullOr(sample int, variable string) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	if os.Getenv("AMBIT_FULL") == "1" {
		return 1
	}
	return sample
}
