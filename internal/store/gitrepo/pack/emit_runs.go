package pack

import "sort"

// run is where the entries between two offsets of a pack were written: shift bytes further on. It is one stretch of
// entries that were written as they lie there, or one entry that was written in another form.
type run struct{ from, to, shift int64 }

// runs are the runs of one pack, in rising order.
type runs struct {
	p    *Pack
	list []run
}

// find returns where the entry at an offset was written; ok is false if it was not.
func (r *runs) find(off int64) (at int64, ok bool) {
	last := len(r.list) - 1
	if last < 0 {
		return 0, false
	}
	if off < r.list[last].from { // bases are near, mostly
		last = sort.Search(last, func(i int) bool { return r.list[i].to > off })
	}
	if x := r.list[last]; off >= x.from && off < x.to {
		return off + x.shift, true
	}
	return 0, false
}

func (e *Emitter) at(number int) *runs {
	for len(e.runs) <= number {
		e.runs = append(e.runs, runs{})
	}
	return &e.runs[number]
}

// note remembers where a run was written.
func (e *Emitter) note(p *Pack, number int, x run) {
	r := e.at(number)
	r.p = p
	if last := len(r.list) - 1; last >= 0 && r.list[last].to == x.from && r.list[last].shift == x.shift {
		r.list[last].to = x.to
		return
	}
	r.list = append(r.list, x)
}

// stretch are bytes of a pack that wait to be written at once: entries lie one behind the other mostly.
type stretch struct {
	p        *Pack
	from, to int64
}

// as writes entries as they lie in a pack.
func (e *Emitter) as(p *Pack, number int, from, to int64) error {
	e.note(p, number, run{from, to, e.n - from})
	return e.copy(p, from, to)
}

// copy writes the bytes between two offsets of a pack.
func (e *Emitter) copy(p *Pack, from, to int64) error {
	if e.wait.p != p || e.wait.to != from {
		if err := e.settle(); err != nil {
			return err
		}
		e.wait = stretch{p, from, from}
	}
	e.wait.to = to
	e.n += to - from
	return nil
}

// copyStep is how many bytes of a pack are handed on at once.
const copyStep = 1 << 20

// settle writes what waits.
func (e *Emitter) settle() error {
	p, from, to := e.wait.p, e.wait.from, e.wait.to
	e.wait = stretch{}
	for from < to {
		step := min(to-from, copyStep)
		b, err := p.src.Bytes(from, step)
		if err != nil {
			return err
		}
		if err := e.out(b); err != nil {
			return err
		}
		from += step
	}
	return nil
}
