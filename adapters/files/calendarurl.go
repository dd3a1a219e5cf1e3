package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"bellman/adapters/files/calendar"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// fetcher asks for a published calendar. Between two questions it keeps the last
// answer, in memory only, so that a server that has nothing new need not send it
// again.
type fetcher struct {
	client *outbound.Client

	mu   sync.Mutex
	last kept
}

type kept struct {
	text          []byte
	tag, modified string
}

func newFetcher(env gateway.Surroundings) *fetcher {
	return &fetcher{client: outbound.New(outbound.Options{
		Local: env.Trial, Timeout: time.Minute, MaxBody: calendar.MostBytes, Turn: env.Turn, Dated: env.Dated,
	})}
}

// calendarByAddress asks for the calendar and reads it. Errors name the host and
// never the address, by which anybody could read the diary.
func (a *Adapter) calendarByAddress(ctx context.Context, span gateway.Span) (drawn, error) {
	asked := a.env.Clock.Now()
	var age outbound.Age
	got, err := a.fetch(ctx, &age)
	if err != nil {
		return drawn{}, fmt.Errorf("ask for the calendar: %w", err)
	}
	c, err := calendar.Read(ctx, got.text, span, a.zone())
	if err != nil {
		return drawn{}, fmt.Errorf("the calendar that its address gives cannot be read: %w", err)
	}
	d := drawn{Calendar: c, asOf: age.AsOf(asked), notes: []string{age.Remark(asked)}}
	if c.OnlyCancels {
		return drawn{}, errors.New("the calendar that its address gives calls events off and is no diary")
	}
	if c.Whole {
		a.fetcher.remember(got)
	}
	return d, nil
}

// fetch gives the calendar's text as it is now, and by what it is known again.
func (a *Adapter) fetch(ctx context.Context, age *outbound.Age) (kept, error) {
	address, err := a.config.Calendar.address(a.env.Trial)
	if err != nil {
		return kept{}, err
	}
	last := a.fetcher.remembered()
	res, r, err := a.request(ctx, address, last)
	if err != nil {
		return kept{}, err
	}
	age.Heard(res, a.env.Clock.Now())
	switch res.Status {
	case http.StatusOK:
		return kept{text: res.Body, tag: res.Header.Get("ETag"), modified: res.Header.Get("Last-Modified")}, nil
	case http.StatusNotModified:
		if last.text != nil {
			return last, nil
		}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		// The address is the key: one that leads nowhere any more was withdrawn.
		return kept{}, fmt.Errorf("%w: %w", gateway.ErrSourceDenied, outbound.StatusError(r, res.Status))
	}
	return kept{}, outbound.StatusError(r, res.Status)
}

func (a *Adapter) request(ctx context.Context, address string, last kept) (*outbound.Response, *http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, errors.New("the address is not one")
	}
	r.Header.Set("Accept", "text/calendar")
	r.Header.Set("Cache-Control", "no-cache")
	if last.text != nil && last.tag != "" {
		r.Header.Set("If-None-Match", last.tag)
	}
	if last.text != nil && last.modified != "" {
		r.Header.Set("If-Modified-Since", last.modified)
	}
	res, err := a.fetcher.client.Do(r)
	return res, r, err
}

func (f *fetcher) remembered() kept {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *fetcher) remember(k kept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = k
}

// address gives the calendar's address for an HTTP request. The error does not hold
// it.
func (c Calendar) address(trial bool) (string, error) {
	raw := c.URL.Reveal()
	for _, scheme := range []string{"webcal://", "webcals://"} {
		if len(raw) > len(scheme) && strings.EqualFold(raw[:len(scheme)], scheme) {
			raw = "https://" + raw[len(scheme):]
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" {
		return "", errors.New("is not a web address such as https://host/path")
	}
	return raw, outbound.CheckURL(raw, trial)
}
