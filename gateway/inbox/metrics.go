package inbox

import (
	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
)

// Metrics counts what comes back.
type Metrics struct {
	replies    *prometheus.CounterVec
	optOuts    *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	rejected   *prometheus.CounterVec
	asked      *prometheus.CounterVec
	left       prometheus.Gauge

	cancellations *prometheus.CounterVec
}

// NewMetrics registers the inbox's metrics, every label at zero.
func NewMetrics(r prometheus.Registerer, practices []gateway.Practice) *Metrics {
	m := &Metrics{
		replies:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_replies_total", Help: "Patients' answers."}, []string{"practice", "kind"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_deliveries_total", Help: "Final receipts."}, []string{"practice", "status"}),
		rejected:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bellman_webhook_rejected_total", Help: "Forged or malformed calls."}, []string{"reason"}),
	}
	m.optOuts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bellman_optouts_added_total", Help: "Numbers that opted out by a text, or by a receipt of the provider, and had not before.",
	}, []string{"practice", "by"})
	m.asked = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bellman_receipts_asked_total", Help: "Texts whose receipt did not come and that the provider was asked for, by where it says they are.",
	}, []string{"practice", "outcome"})
	m.left = prometheus.NewGauge(prometheus.GaugeOpts{Name: "bellman_restore_left", Help: "Reminders that may have been sent before Redis lost them, and whose fate is not known yet."})
	m.cancellations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bellman_cancellations_total", Help: "Patients' CANCEL where a practice lets visits be cancelled by text, by what came of it.",
	}, []string{"practice", "outcome"})
	r.MustRegister(m.replies, m.optOuts, m.deliveries, m.rejected, m.asked, m.left, m.cancellations)
	for _, p := range practices {
		for _, k := range gateway.ReplyKinds {
			m.replies.WithLabelValues(string(p.ODS), k.Label())
		}
		for _, by := range []string{gateway.OutByPatient, gateway.OutByProvider, gateway.OutByUnsure, gateway.OutByWrongNumber} {
			m.optOuts.WithLabelValues(string(p.ODS), by)
		}
		for _, end := range gateway.CancelEnds() {
			m.cancellations.WithLabelValues(string(p.ODS), end.String())
		}
		for _, outcome := range []string{gateway.Accepted.String(), gateway.Delivered.String(), gateway.Undelivered.String(), gateway.Unknown.String(), missing} {
			m.asked.WithLabelValues(string(p.ODS), outcome)
		}
		for _, s := range []gateway.State{gateway.Delivered, gateway.Undelivered} {
			m.deliveries.WithLabelValues(string(p.ODS), s.String())
		}
	}
	for _, why := range []string{"signature", "malformed", "unreadable", "unknown_sender", "unknown_reminder", "not_a_number"} {
		m.rejected.WithLabelValues(why)
	}
	return m
}

// missing is the outcome of asking for a text that the provider does not have.
const missing = "missing"
