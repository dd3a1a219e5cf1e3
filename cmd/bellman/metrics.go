package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/store"
)

// tally counts moves that withhold, whoever makes them.
type tally struct{ withheld *prometheus.CounterVec }

func newTally(r prometheus.Registerer, practices []gateway.ODS) *tally {
	t := &tally{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bellman_reminders_withheld_total", Help: "Moves into held, withdrawn or refused, each once.",
	}, []string{"practice", "reason"})}
	r.MustRegister(t.withheld)
	for _, p := range practices {
		for _, why := range gateway.Reasons() {
			t.withheld.WithLabelValues(string(p), why.String())
		}
	}
	return t
}

// moved counts moves. One from held to held for another reason counts: it is
// another reason for reception to read.
func (t *tally) moved(ms []gateway.Move) {
	for _, m := range ms {
		switch m.To {
		case gateway.Held, gateway.Withdrawn, gateway.Refused:
			t.withheld.WithLabelValues(string(m.ID.Practice), m.Reason.String()).Inc()
		case gateway.Queued, gateway.Claimed, gateway.Sending, gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Unknown, gateway.Failed:
		}
	}
}

// gauges reads at every scrape how many reminders are in each state.
type gauges struct {
	store     *store.Store
	practices []gateway.ODS
	log       *slog.Logger
}

var (
	remindersDesc = prometheus.NewDesc("bellman_reminders", "Reminders in each state now.", []string{"practice", "state"}, nil)
	optoutsDesc   = prometheus.NewDesc("bellman_optouts", "Numbers opted out now.", []string{"practice"}, nil)
	unknownDesc   = prometheus.NewDesc("bellman_unknown_outcomes", "Texts whose fate is not known yet.", []string{"practice"}, nil)
	holdDesc      = prometheus.NewDesc("bellman_store_in_hold", "1 while an emptied store is being reconciled and nothing is sent.", nil, nil)
)

// Describe lists the metrics.
func (g *gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{remindersDesc, optoutsDesc, unknownDesc, holdDesc} {
		c <- d
	}
}

// Collect reads the counts. When Redis does not answer there are none, which an
// alert on their absence sees.
func (g *gauges) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	hold := 0
	if g.store.InHold() {
		hold = 1
	}
	gauge(holdDesc, hold)
	counts, err := g.store.Counts(ctx, g.practices)
	if err != nil {
		g.log.Warn("read the counts for the metrics", "error", err)
		return
	}
	optouts, err := g.store.OptOutCounts(ctx, g.practices)
	if err != nil {
		g.log.Warn("read the counts for the metrics", "error", err)
		return
	}
	for _, p := range g.practices {
		for _, s := range gateway.States {
			gauge(remindersDesc, counts[p][s], string(p), s.String())
		}
		gauge(unknownDesc, counts[p][gateway.Unknown], string(p))
		gauge(optoutsDesc, optouts[p], string(p))
	}
}
