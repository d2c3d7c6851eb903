package daemon

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// storeTime bounds how long reading the store for one answer may take.
const storeTime = 5 * time.Second

// storeCollector reads what stands in the database when somebody asks, which takes no more than some lookups by index.
type storeCollector struct {
	db                                                watched
	logError                                          func(context.Context, string, error)
	up, waiting, oldest, events, unsealed, checkpoint *prometheus.Desc
}

func newStoreCollector(db watched, logError func(context.Context, string, error)) *storeCollector {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &storeCollector{db, logError,
		desc("ambit_database_up", "Whether the database answers; when it does not, the other figures of it are missing."),
		desc("ambit_outbox_waiting", "Messages that are not delivered yet."),
		desc("ambit_outbox_oldest_seconds", "Age of the oldest message that is not delivered yet, 0 without one."),
		desc("ambit_audit_events_total", "Number of the last event of the audit log."),
		desc("ambit_audit_unsealed_events", "Events that no signed checkpoint vouches for yet."),
		desc("ambit_audit_checkpoint_seconds", "Age of the newest checkpoint; it grows while nothing happens."),
	}
}

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.waiting, c.oldest, c.events, c.unsealed, c.checkpoint} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	up := 1.0
	if err := c.read(ctx, ch); err != nil {
		up = 0
		c.logError(ctx, "reading the database for metrics", err)
	}
	ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, up)
}

func (c *storeCollector) read(ctx context.Context, ch chan<- prometheus.Metric) error {
	say := func(d *prometheus.Desc, t prometheus.ValueType, v float64) {
		ch <- prometheus.MustNewConstMetric(d, t, v)
	}
	if err := c.db.Ping(ctx); err != nil {
		return err
	}
	n, since, err := c.db.OutboxWaiting(ctx)
	if err != nil {
		return err
	}
	say(c.waiting, prometheus.GaugeValue, float64(n))
	age := 0.0
	if n > 0 {
		age = time.Since(since).Seconds()
	}
	say(c.oldest, prometheus.GaugeValue, age)
	head, err := c.db.AuditHead(ctx)
	if err != nil {
		return err
	}
	say(c.events, prometheus.CounterValue, float64(head.Seq))
	last, ok, err := c.db.LastAuditCheckpoint(ctx)
	if err != nil {
		return err
	}
	say(c.unsealed, prometheus.GaugeValue, float64(head.Seq-last.Size))
	if ok {
		say(c.checkpoint, prometheus.GaugeValue, time.Since(last.At).Seconds())
	}
	return nil
}
