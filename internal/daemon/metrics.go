package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// watched is what metrics read of the store when somebody asks.
type watched interface {
	Ping(ctx context.Context) error
	OutboxWaiting(ctx context.Context) (n int64, since time.Time, err error)
	AuditHead(ctx context.Context) (hub.AuditHead, error)
	LastAuditCheckpoint(ctx context.Context) (hub.AuditCheckpoint, bool, error)
}

// metrics counts for programs that watch the hub. No label holds what a caller chose: routes are patterns, reasons are codes. Safe
// for concurrent use.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	failures *prometheus.CounterVec
}

func newMetrics(db watched, logError func(context.Context, string, error)) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ambit_http_requests_total",
			Help: "Requests over HTTP that have ended, by method, pattern of the route and class of status; cut: the connection ended before the answer did."},
			[]string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ambit_http_request_seconds",
			Help:    "Seconds that requests over HTTP took, transfers of bodies included.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60, 600}}, []string{"method", "route"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ambit_refusals_total",
			Help: "Requests over HTTP that were refused, by the stable code of the reason."}, []string{"code", "reason"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ambit_http_failures_total",
			Help: "Requests over HTTP that the hub could not do; the log says why."}, []string{"method", "route"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.refusals, m.failures, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newStoreCollector(db, logError),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "ambit_panics_total", Help: "Panics that were caught, in requests and in work in the background."},
			func() float64 { return float64(guard.Count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ambit_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": Version().Version}},
			func() float64 { return 1 }))
	return m
}

// observer is what the edge tells of requests; nil when nobody watches.
func (m *metrics) observer() func(httpd.Observation) {
	if m == nil {
		return nil
	}
	return func(o httpd.Observation) {
		status := fmt.Sprintf("%dxx", o.Status/100)
		if o.Cut {
			status = "cut"
		}
		m.requests.WithLabelValues(o.Method, o.Route, status).Inc()
		m.seconds.WithLabelValues(o.Method, o.Route).Observe(o.Took.Seconds())
		if o.Reason != "" {
			m.refusals.WithLabelValues(string(o.Code), o.Reason).Inc()
		}
		if o.Failed {
			m.failures.WithLabelValues(o.Method, o.Route).Inc()
		}
	}
}

// ServeHTTP answers /metrics, and nothing else.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/metrics" {
		http.Error(w, "There are metrics of this hub at /metrics, and nothing else.", http.StatusNotFound)
		return
	}
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// metricsRunner serves metrics on an open listener.
type metricsRunner struct {
	server *http.Server
	l      net.Listener
}

// Run implements runner.
func (r metricsRunner) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { r.server.Close() })
	defer stop()
	if err := r.server.Serve(r.l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listenMetrics opens the listener that the configuration names.
func (d *Daemon) listenMetrics() (runner, error) {
	l, err := net.Listen("tcp", d.cfg.Metrics.Listen)
	if err != nil {
		return nil, refuse(err, "Cannot listen for metrics at %s: %v.", d.cfg.Metrics.Listen, opCause(err))
	}
	d.log.Info("metrics", "address", l.Addr().String())
	return metricsRunner{d.httpServer(d.metrics), l}, nil
}
