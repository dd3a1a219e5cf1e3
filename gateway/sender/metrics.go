package sender

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
)

// Metrics counts what the sender does.
type Metrics struct {
	sent     *prometheus.CounterVec
	segments *prometheus.CounterVec
	lateness prometheus.Histogram
	duration *prometheus.HistogramVec
	claims   prometheus.Counter
	broken   prometheus.Gauge
	paused   prometheus.Gauge
	senders  *prometheus.GaugeVec
}

// NewMetrics registers the sender's metrics, each practice at zero.
func NewMetrics(r prometheus.Registerer, practices []gateway.ODS) *Metrics {
	m := &Metrics{
		sent:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_reminders_sent_total", Help: "Reminders that the provider accepted."}, []string{"practice"}),
		segments: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_sms_segments_total", Help: "Segments of the texts that the provider accepted: what is paid for."}, []string{"practice"}),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bellman_reminder_lateness_seconds", Help: "Hand-over minus the moment it was due within the practice's hours.",
			Buckets: []float64{.005, .025, .1, .5, 1, 5, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
		}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bellman_send_duration_seconds", Help: "The provider's answer time.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"provider", "outcome"}),
		claims:  prometheus.NewCounter(prometheus.CounterOpts{Name: "bellman_claims_total", Help: "Reminders looked at when due, withheld ones included."}),
		broken:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "bellman_provider_broken", Help: "1 while the provider's account does not work and nothing is sent."}),
		paused:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "bellman_provider_paused", Help: "1 while nothing is sent because the provider asked us to wait."}),
		senders: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bellman_sender_broken", Help: "1 while one practice's own sender does not work and nothing of that practice is sent."}, []string{"practice"}),
	}
	r.MustRegister(m.sent, m.segments, m.lateness, m.duration, m.claims, m.broken, m.paused, m.senders)
	for _, p := range practices {
		m.sent.WithLabelValues(string(p))
		m.segments.WithLabelValues(string(p))
		m.senders.WithLabelValues(string(p))
	}
	return m
}

// Settled counts a text of unknown fate that was found to have been accepted.
func (m *Metrics) Settled(p gateway.ODS) { m.sent.WithLabelValues(string(p)).Inc() }

func (m *Metrics) accepted(p gateway.ODS, parts int, late time.Duration) {
	m.sent.WithLabelValues(string(p)).Inc()
	m.segments.WithLabelValues(string(p)).Add(float64(parts))
	m.lateness.Observe(max(0, late.Seconds()))
}

// account tells whether the provider's account is found not to work.
func (m *Metrics) account(broken bool) { m.broken.Set(oneIf(broken)) }

// pause tells whether the provider asked us to wait.
func (m *Metrics) pause(on bool) { m.paused.Set(oneIf(on)) }

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// sender tells whether a practice's own sender is found not to work.
func (m *Metrics) sender(p gateway.ODS, broken bool) {
	m.senders.WithLabelValues(string(p)).Set(oneIf(broken))
}

func (m *Metrics) took(provider, outcome string, d time.Duration) {
	m.duration.WithLabelValues(provider, outcome).Observe(d.Seconds())
}

func (m *Metrics) looked(n int) { m.claims.Add(float64(n)) }
