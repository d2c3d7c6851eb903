package pack

import (
	"hash/crc32"
	"sync/atomic"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

const (
	// pipelineFrom is the number of objects after which compressing moves to a goroutine of its own: it is two
	// thirds of the work of a commit of many files, and the caller has parsing and hashing to do meanwhile. A
	// small commit ends sooner than that pays off.
	pipelineFrom = 32
	// pipelineMax is the size in bytes of the largest object that is handed over; together with the queue's
	// length it bounds the memory.
	pipelineMax   = 64 << 10
	pipelineQueue = 64
)

// pipeline encodes objects into a spool in a goroutine. Between start and drain the spool and the encoder
// belong to the goroutine.
type pipeline struct {
	jobs   chan pipelineJob
	free   chan []byte // buffers that may be used again
	done   chan struct{}
	failed atomic.Bool // set with err, so that the caller can stop early

	// Read after done is closed:
	written []written
	err     error
}

type pipelineJob struct {
	kind object.Kind
	data []byte
}

// written is where an entry begins in the spool, and its sum.
type written struct {
	offset int64
	crc    uint32
}

// start begins encoding into s. It ends with drain.
func startPipeline(s *spool, p *packed) *pipeline {
	l := &pipeline{
		jobs: make(chan pipelineJob, pipelineQueue), free: make(chan []byte, pipelineQueue), done: make(chan struct{}),
	}
	go func() {
		defer close(l.done)
		for job := range l.jobs {
			if l.err == nil {
				if l.err = guard.Call(func() error { return l.encode(s, p, job) }); l.err != nil {
					l.failed.Store(true)
				}
			}
			select {
			case l.free <- job.data:
			default:
			}
		}
	}()
	return l
}

func (l *pipeline) encode(s *spool, p *packed, job pipelineJob) error {
	offset := s.size
	crc, err := p.write(s, job.kind, job.data)
	l.written = append(l.written, written{offset, crc})
	return err
}

// add hands over a copy of an object.
func (l *pipeline) add(kind object.Kind, data []byte) {
	var buf []byte
	select {
	case buf = <-l.free:
	default:
	}
	l.jobs <- pipelineJob{kind, append(buf[:0], data...)}
}

// drain waits until all is written.
func (l *pipeline) drain() ([]written, error) {
	close(l.jobs)
	<-l.done
	return l.written, l.err
}

// write encodes an object at the end of a spool and returns the sum of its entry. After an error the spool may
// hold a part of it.
func (p *packed) write(s *spool, kind object.Kind, data []byte) (uint32, error) {
	raw, err := p.encode(kind, data)
	if err != nil {
		return 0, err
	}
	_, err = s.Write(raw)
	return crc32.ChecksumIEEE(raw), err
}
