package gatewaytest

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Fataler is the part of a test that Metric fails.
type Fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// Metric gives the sum of a metric over all whose labels hold every value given;
// of a histogram, how often something was observed. A metric that is not there
// fails the test: all are there from the start, at zero.
func Metric(t Fataler, from prometheus.Gatherer, name string, values ...string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatalf("gather the metrics: %v", err)
	}
	sum, found := 0.0, false
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(labels, v) }) {
				found = true
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	if !found {
		t.Fatalf("there is no metric %s with %q", name, values)
	}
	return sum
}
