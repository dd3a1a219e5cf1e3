package hl7

import (
	"context"
	"encoding/json"
	"time"
)

// life is when the sender was last heard.
type life struct {
	// AsOf is up to when its messages tell what happened, in microseconds since 1970:
	// a sender that works off its queue of this morning tells of this morning.
	AsOf int64 `json:"a"`
}

// agrees is how far a sender's clock may be behind ours before the difference
// counts as the age of what it tells.
const agrees = 2 * time.Minute

// noteEvery is how often a sign of life is kept. It is not kept with every message:
// many connections would wait for one another at that one record.
const noteEvery = 5 * time.Second

// lives takes in a message that was acknowledged: a message said at a time, heard
// now.
func (a *Adapter) lives(ctx context.Context, said int64, now time.Time) {
	at := now
	if t := time.UnixMicro(said); now.Sub(t) > agrees {
		at = t
	}
	a.mu.Lock()
	a.heard.AsOf = max(a.heard.AsOf, at.UnixMicro())
	heard, due := a.heard, a.noted.IsZero() || now.Sub(a.noted) >= noteEvery || now.Before(a.noted)
	if due {
		a.noted = now
	}
	a.mu.Unlock()
	if due {
		a.noteLife(ctx, heard)
	}
}

// noteLife keeps a sign of life, unless another process has kept a later one. That
// it may not be kept does no harm: the diary only looks older.
func (a *Adapter) noteLife(ctx context.Context, heard life) {
	d := a.desk()
	known, err := open[life](ctx, d, lifeKey)
	if err == nil && known.AsOf < heard.AsOf && d.set(lifeKey, heard) == nil {
		_ = d.put(ctx)
	}
}

// asOf gives up to when the diary is told, given what is kept; zero: nothing was
// ever heard.
func (a *Adapter) asOf(kept []byte) time.Time {
	var l life
	_ = json.Unmarshal(kept, &l) // what cannot be read was not heard
	a.mu.Lock()
	l.AsOf = max(l.AsOf, a.heard.AsOf)
	a.mu.Unlock()
	if l.AsOf == 0 {
		return time.Time{}
	}
	if now := a.clock.Now(); time.UnixMicro(l.AsOf).After(now) {
		return now.UTC() // a clock was set back
	}
	return time.UnixMicro(l.AsOf).UTC()
}
