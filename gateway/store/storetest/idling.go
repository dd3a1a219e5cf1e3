package storetest

import (
	"context"
	"sync"

	"bellman/gateway"
	"bellman/gateway/store"
)

// Idling is the store of a sender that a test lets run until nothing is left for
// it to do.
type Idling struct {
	*store.Store
	Practices []gateway.ODS // whom the sender serves
	Nothing   func()        // is called when nothing is due, claimed or left behind; also more than once

	claiming sync.Mutex
}

// Claim claims as the store does.
func (i *Idling) Claim(ctx context.Context, o gateway.Claiming) (gateway.Catch, error) {
	i.claiming.Lock()
	i.Look() // one lane's late answer must not tell the other that nothing is due
	c, err := i.Store.Claim(ctx, o)
	i.claiming.Unlock()
	if c.Looked > 0 || err != nil {
		return c, err
	}
	left, err := i.Expired(ctx, o.Now)
	if err != nil || len(left) > 0 {
		return c, err
	}
	counts, err := i.Counts(ctx, i.Practices)
	claimed := 0
	for _, n := range counts {
		claimed += n[gateway.Claimed]
	}
	if err == nil && claimed == 0 {
		i.Nothing()
	}
	return c, err
}
