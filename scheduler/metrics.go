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
	waiting     *prometheus.GaugeVec
	unread      *prometheus.CounterVec

	clock gateway.Clock
	mu    sync.Mutex
	asOf  map[gateway.ODS]time.Time
	news  map[gateway.ODS]time.Time
}

// NewMetrics registers the scheduler's metrics, each practice at zero.
func NewMetrics(r prometheus.Registerer, clock gateway.Clock, practices []Practice) *Metrics {
	m := &Metrics{
		records:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_appointments_read_total", Help: "Records read from clinical systems."}, []string{"practice", "source", "outcome"}),
		failures:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_feed_failures_total", Help: "Reads of a diary that failed."}, []string{"practice"}),
		unexplained: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bellman_unexplained", Help: "Reminders owed that are neither sent, waiting, nor withheld with a reason. Always 0."}, []string{"practice"}),
		waiting:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bellman_feed_suspects", Help: "What waits because a read did too much of it at once: appointments withdrawn or moved, new reminders."}, []string{"practice", "kind"}),
		unread:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_replies_forgotten_unread_total", Help: "Replies of patients that were forgotten after 90 days although nobody had read them."}, []string{"practice"}),
		clock:       clock, asOf: map[gateway.ODS]time.Time{}, news: map[gateway.ODS]time.Time{},
	}
	r.MustRegister(m.records, m.failures, m.unexplained, m.waiting, m.unread)
	for _, p := range practices {
		for _, outcome := range []string{"ok", "unreadable"} {
			m.records.WithLabelValues(string(p.ODS), p.SourceType, outcome)
		}
		m.failures.WithLabelValues(string(p.ODS))
		m.unexplained.WithLabelValues(string(p.ODS))
		m.unread.WithLabelValues(string(p.ODS))
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "bellman_feed_age_seconds", Help: "Since the last complete read; -1 before the first.",
			ConstLabels: prometheus.Labels{"practice": string(p.ODS)},
		}, func() float64 { return m.age(m.asOf, p.ODS) }))
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "bellman_feed_unchanged_seconds", Help: "Since a read last differed from the one before it; -1 before the first. A diary that is frozen never differs.",
			ConstLabels: prometheus.Labels{"practice": string(p.ODS)},
		}, func() float64 { return m.age(m.news, p.ODS) }))
		m.suspects(p.ODS, gateway.FeedState{})
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

// suspects tells what waits of a practice, and since when its diary is the same.
func (m *Metrics) suspects(p gateway.ODS, f gateway.FeedState) {
	m.waiting.WithLabelValues(string(p), "withdrawn").Set(float64(len(f.Missing)))
	m.waiting.WithLabelValues(string(p), "moved").Set(float64(len(f.Moving)))
	m.waiting.WithLabelValues(string(p), "new").Set(float64(f.New))
	if !f.Changed.IsZero() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.news[p] = f.Changed
	}
}

// age gives the seconds since what stands in one of the maps for a practice.
func (m *Metrics) age(since map[gateway.ODS]time.Time, p gateway.ODS) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := since[p]
	if !ok {
		return -1
	}
	return m.clock.Now().Sub(t).Seconds()
}
