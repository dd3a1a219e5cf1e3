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
)

// Describe lists the metrics.
func (g *taskGauges) Describe(c chan<- *prometheus.Desc) {
	c <- tasksDesc
	c <- oldestDesc
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
		if !oldest.IsZero() {
			age = max(0, g.clock.Now().Sub(oldest).Seconds())
		}
		c <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, string(p))
	}
}
