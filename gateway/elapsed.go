package gateway

import "time"

// Elapsed gives how much of a span lies within the hours, by a stopwatch and not by
// the clock on the wall: where the clocks change within them, the day is an hour
// longer or shorter. A span that ends before it begins has nothing.
func (h Hours) Elapsed(span Span, n Nation) time.Duration {
	var sum time.Duration
	for day := span.From.In(London()); ; day = wallOn(day, 24*60) {
		from, to := wallOn(day, h.From), wallOn(day, h.To)
		if wallOn(day, 0).After(span.To) {
			return sum
		}
		if !h.openDay(day, n) {
			continue
		}
		if from.Before(span.From) {
			from = span.From
		}
		if to.After(span.To) {
			to = span.To
		}
		sum += max(0, to.Sub(from))
	}
}
