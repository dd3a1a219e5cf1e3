package clockwatch

import "github.com/prometheus/client_golang/prometheus"

// Metrics tells of our clock.
type Metrics struct {
	skew    *prometheus.GaugeVec
	refused prometheus.Gauge
	jumps   prometheus.Counter
}

// NewMetrics registers the metrics of a watch, each source at zero.
func NewMetrics(r prometheus.Registerer, sources ...string) *Metrics {
	m := &Metrics{
		skew:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bellman_clock_skew_seconds", Help: "How far our clock is ahead of another; negative when it is behind."}, []string{"against"}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bellman_clock_refused", Help: "1 while our clock is wrong or was not compared yet, and nothing is sent."}),
		jumps:   prometheus.NewCounter(prometheus.CounterOpts{Name: "bellman_clock_jumps_total", Help: "Times that our clock was set by a minute or more while we ran."}),
	}
	r.MustRegister(m.skew, m.refused, m.jumps)
	for _, s := range sources {
		m.skew.WithLabelValues(s)
	}
	return m
}

func (m *Metrics) refuse(yes bool) {
	if yes {
		m.refused.Set(1)
	} else {
		m.refused.Set(0)
	}
}
