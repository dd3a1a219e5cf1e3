package scheduler

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
)

// Metrics counts what is read.
type Metrics struct {
	records     *prometheus.CounterVec
	failures    *prometheus.CounterVec
	unexplained *prometheus.GaugeVec

	clock gateway.Clock
	mu    sync.Mutex
	asOf  map[gateway.ODS]time.Time
}

// NewMetrics registers the scheduler's metrics, each practice at zero.
func NewMetrics(r prometheus.Registerer, clock gateway.Clock, practices []Practice) *Metrics {
	m := &Metrics{
		records:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_appointments_read_total", Help: "Records read from clinical systems."}, []string{"practice", "source", "outcome"}),
		failures:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_feed_failures_total", Help: "Reads of a diary that failed."}, []string{"practice"}),
		unexplained: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bellman_unexplained", Help: "Reminders owed that are neither sent, waiting, nor withheld with a reason. Always 0."}, []string{"practice"}),
		clock:       clock, asOf: map[gateway.ODS]time.Time{},
	}
	r.MustRegister(m.records, m.failures, m.unexplained)
	for _, p := range practices {
		for _, outcome := range []string{"ok", "unreadable"} {
			m.records.WithLabelValues(string(p.ODS), p.SourceType, outcome)
		}
		m.failures.WithLabelValues(string(p.ODS))
		m.unexplained.WithLabelValues(string(p.ODS))
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "bellman_feed_age_seconds", Help: "Since the last complete read; -1 before the first.",
			ConstLabels: prometheus.Labels{"practice": string(p.ODS)},
		}, func() float64 { return m.age(p.ODS) }))
	}
	return m
}

func (m *Metrics) read(p gateway.ODS, source string, f gateway.Feed) {
	m.records.WithLabelValues(string(p), source, "ok").Add(float64(len(f.Appointments)))
	m.records.WithLabelValues(string(p), source, "unreadable").Add(float64(len(f.Unreadable)))
}

func (m *Metrics) failed(p gateway.ODS) { m.failures.WithLabelValues(string(p)).Inc() }

func (m *Metrics) fresh(p gateway.ODS, asOf time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asOf[p] = asOf
}

func (m *Metrics) age(p gateway.ODS) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.asOf[p]
	if !ok {
		return -1
	}
	return m.clock.Now().Sub(t).Seconds()
}
