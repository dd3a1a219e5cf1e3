package twilio_test

import (
	"context"
	"sync"
	"testing"

	"bellman/adapters/twilio/twiliosim"
)

// BenchmarkSend32 hands texts over with 32 in flight; the simulator runs in the
// same process and shares its cores.
func BenchmarkSend32(b *testing.B) {
	p, _ := network(b, twiliosim.Options{})
	m := outgoing(b)
	jobs := make(chan struct{}, 32)
	var all sync.WaitGroup
	b.ReportAllocs()
	for range 32 {
		all.Go(func() {
			for range jobs {
				if _, err := p.Send(context.Background(), m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	for b.Loop() {
		jobs <- struct{}{}
	}
	close(jobs)
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "texts/s")
}
