package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/store"
)

// taskGauges reads at every scrape how many tasks wait for a person, and how long
// the oldest has waited.
type taskGauges struct {
	store     *store.Store
	practices []gateway.ODS
	clock     gateway.Clock
	log       *slog.Logger
}

var (
	tasksDesc  = prometheus.NewDesc("bellman_tasks_open", "Tasks that wait for a person.", []string{"practice", "kind"}, nil)
	oldestDesc = prometheus.NewDesc("bellman_tasks_oldest_seconds", "How long the oldest open task has waited; 0 when there is none.", []string{"practice"}, nil)
	untoldDesc = prometheus.NewDesc("bellman_optout_writeback_oldest_seconds", "How long the oldest opt-out has waited to stand in the clinical system, too; 0 when there is none.", []string{"practice"}, nil)
)

// Describe lists the metrics.
func (g *taskGauges) Describe(c chan<- *prometheus.Desc) {
	c <- tasksDesc
	c <- oldestDesc
	c <- untoldDesc
}

// Collect reads the tasks. When Redis does not answer there are none, which an
// alert on their absence sees.
func (g *taskGauges) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, p := range g.practices {
		counts, oldest, err := g.store.OpenTasks(ctx, p)
		if err != nil {
			g.log.Warn("read the tasks for the metrics", "practice", p, "error", err)
			return
		}
		for _, k := range gateway.TaskKinds {
			c <- prometheus.MustNewConstMetric(tasksDesc, prometheus.GaugeValue, float64(counts[k]), string(p), k.String())
		}
		age := 0.0
		for _, k := range gateway.TaskKinds {
			age = max(age, g.age(oldest[k]))
		}
		c <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, string(p))
		c <- prometheus.MustNewConstMetric(untoldDesc, prometheus.GaugeValue, g.age(oldest[gateway.TaskOptOut]), string(p))
	}
}

// age is how many seconds ago something was; 0 when it never was.
func (g *taskGauges) age(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, g.clock.Now().Sub(at).Seconds())
}
