package cliniko

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// How long a refusal for too many requests is waited out. The limit counts by the
// minute, so that a longer wish means something else; a look that holds up a text
// waits for next to nothing.
const (
	patienceBulk  = 70 * time.Second
	patienceQuick = 2 * time.Second
	leastWait     = time.Second
	// assumedWait is for a refusal that does not say for how long.
	assumedWait = time.Minute
	// mostRefusals is how often one question is asked again after a refusal.
	mostRefusals = 3
)

var (
	errBadAddress = errors.New("the address cannot be used")
	errTooMany    = errors.New("too many requests a minute: Cliniko takes no more for a while")
	// errNotThere is a record that Cliniko does not have, or does not show.
	errNotThere = errors.New("there is no such record")
	// errNoRights is a list that the key's user may not see.
	errNoRights = errors.New("the user of the API key may not see it")
)

// talk is one conversation with Cliniko, for one read or one look: it keeps how old
// the answers are, and what time it was at Cliniko's when the oldest was made.
type talk struct {
	a        *Adapter
	client   *outbound.Client
	patience time.Duration
	age      outbound.Age
	theirs   time.Time // the earliest Date of any answer; zero: none had one
}

func (a *Adapter) bulkTalk() *talk  { return &talk{a: a, client: a.bulk, patience: patienceBulk} }
func (a *Adapter) quickTalk() *talk { return &talk{a: a, client: a.quick, patience: patienceQuick} }

// get asks for an address and gives the body of an answer with status 200. A
// refusal for too many requests is waited out and asked again.
func (t *talk) get(ctx context.Context, address string) ([]byte, error) {
	for refused := 0; ; refused++ {
		r, res, err := t.once(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		if res.Status != http.StatusTooManyRequests {
			t.heard(res)
			return accepted(r, res)
		}
		if err := t.refusedUntil(res); err != nil || refused == mostRefusals {
			return nil, errTooMany
		}
	}
}

// once makes one request, after Cliniko's own pause and our own bound on requests.
// It gives whatever answer comes. Without a request the error means that nothing left.
func (t *talk) once(ctx context.Context, method, address string, body []byte) (*http.Request, *outbound.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errBadAddress
	}
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(t.a.config.APIKey.Reveal()+":")))
	r.Header.Set("User-Agent", t.a.config.UserAgent)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Cache-Control", "no-cache")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := t.client.Do(r)
	return r, res, err
}

// turn gives what a client asks before each request: whether Cliniko takes any at
// present, for which it waits as long as there is patience, and then our own bound.
func (a *Adapter) turn(patience time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := a.waitOpen(ctx, patience); err != nil || a.env.Turn == nil {
			return err
		}
		return a.env.Turn(ctx)
	}
}

// heard takes in when an answer was made.
func (t *talk) heard(res *outbound.Response) {
	t.age.Heard(res, t.a.clock.Now())
	made, err := http.ParseTime(res.Header.Get("Date"))
	if err == nil && (t.theirs.IsZero() || made.Before(t.theirs)) {
		t.theirs = made.UTC()
	}
}

// accepted sorts answers by status.
func accepted(r *http.Request, res *outbound.Response) ([]byte, error) {
	err := outbound.StatusError(r, res.Status)
	switch res.Status {
	case http.StatusOK:
		return res.Body, nil
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
	case http.StatusForbidden:
		return nil, fmt.Errorf("%w: %w: %w", gateway.ErrSourceDenied, errNoRights, err)
	case http.StatusNotFound:
		// A page of a proxy, or of somebody who sold the address, says nothing of
		// Cliniko's records.
		if page := bytes.TrimSpace(res.Body); len(page) == 0 || page[0] == '{' {
			return nil, fmt.Errorf("%w: %w", errNotThere, err)
		}
	}
	return nil, err
}

// refusedUntil notes for how long Cliniko takes nothing more. It fails when that is
// longer than this conversation has patience for.
func (t *talk) refusedUntil(res *outbound.Response) error {
	now := t.a.clock.Now()
	wait := waitOf(res.Header, now)
	t.a.mu.Lock()
	t.a.closed = gateway.Later(t.a.closed, now.Add(min(wait, patienceBulk)))
	t.a.mu.Unlock()
	if wait > t.patience {
		return errTooMany
	}
	return nil
}

// waitOf gives how long a refusal wants us to wait: until X-RateLimit-Reset by the
// clock that wrote it, or for Retry-After, whichever is longer.
func waitOf(h http.Header, now time.Time) time.Duration {
	if made, err := http.ParseTime(h.Get("Date")); err == nil {
		now = made
	}
	wait := time.Duration(0)
	told := false
	if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil && at > 0 && at < 1<<40 {
		wait, told = max(wait, time.Unix(at, 0).Sub(now)), true
	}
	if s, err := strconv.ParseUint(h.Get("Retry-After"), 10, 32); err == nil {
		wait, told = max(wait, time.Duration(s)*time.Second), true
	}
	if !told {
		return assumedWait
	}
	return max(wait, leastWait)
}

// waitOpen waits until Cliniko takes requests again, if it said that it does not.
func (a *Adapter) waitOpen(ctx context.Context, patience time.Duration) error {
	a.mu.Lock()
	until := a.closed
	a.mu.Unlock()
	wait := until.Sub(a.clock.Now())
	switch {
	case until.IsZero() || wait <= 0:
		return ctx.Err()
	case wait > patience:
		return errTooMany
	case !gateway.Wait(ctx, wait):
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed.Equal(until) {
		a.closed = time.Time{}
	}
	return nil
}
