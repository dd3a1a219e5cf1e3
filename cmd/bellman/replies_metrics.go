package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/store"
)

// replyGauges reads at every scrape how many replies wait for a person, and how long
// the oldest has waited: altogether, and of that within the practice's hours.
type replyGauges struct {
	store     *store.Store
	practices []gateway.Practice
	clock     gateway.Clock
	log       *slog.Logger
}

var (
	unreadDesc    = prometheus.NewDesc("bellman_replies_open", "Replies of patients that wait for a person.", []string{"practice"}, nil)
	unreadAgeDesc = prometheus.NewDesc("bellman_replies_oldest_seconds", "How long the oldest of them has waited; 0 when there is none.", []string{"practice"}, nil)
	unreadDueDesc = prometheus.NewDesc("bellman_replies_waiting_seconds", "How much of that lies within the practice's hours.", []string{"practice"}, nil)
)

// Describe lists the metrics.
func (g *replyGauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{unreadDesc, unreadAgeDesc, unreadDueDesc} {
		c <- d
	}
}

// Collect reads the counts. When Redis does not answer there are none, which an
// alert on their absence sees.
func (g *replyGauges) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	codes := make([]gateway.ODS, len(g.practices))
	for i, p := range g.practices {
		codes[i] = p.ODS
	}
	unread, err := g.store.Unread(ctx, codes)
	if err != nil {
		g.log.Warn("read the replies for the metrics", "error", err)
		return
	}
	now := g.clock.Now()
	for _, p := range g.practices {
		whole, inHours := unread[p.ODS].Age(p, now)
		for d, v := range map[*prometheus.Desc]float64{
			unreadDesc: float64(unread[p.ODS].Replies), unreadAgeDesc: whole.Seconds(), unreadDueDesc: inHours.Seconds(),
		} {
			c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, string(p.ODS))
		}
	}
}
