package pds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// How patient we are when PDS asks us to slow down: a text waits, and is looked at
// again a minute later anyway.
const (
	maxWaits    = 2
	longestWait = 2 * time.Second
	usualWait   = time.Second
)

// What PDS says when it has no record that may be used under an NHS number.
var noRecord = map[int][]string{
	http.StatusNotFound:   {"RESOURCE_NOT_FOUND", "INVALIDATED_RESOURCE"},
	http.StatusBadRequest: {"INVALID_RESOURCE_ID"},
}

// pace keeps requests a certain time apart. It is safe for concurrent use.
type pace struct {
	gate  chan struct{}
	apart time.Duration
}

func newPace(perSecond int) pace {
	return pace{make(chan struct{}, 1), time.Second / time.Duration(perSecond)}
}

// take waits until one more request may be made.
func (p pace) take(ctx context.Context) error {
	select {
	case p.gate <- struct{}{}:
		time.AfterFunc(p.apart, func() { <-p.gate })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look asks for the record of an NHS number. It gives whatever PDS answered; an
// answer that does not know us is an error. The number stands in the address, as the
// interface wants it, and nowhere else.
func (a *Adapter) look(ctx context.Context, nhs string) (*outbound.Response, error) {
	var bad gateway.Secret
	for waits := 0; ; {
		token, err := a.tokens.Get(ctx, bad)
		if err != nil {
			return nil, err
		}
		res, err := a.once(ctx, nhs, token)
		if err != nil {
			return nil, err
		}
		switch {
		case res.Status == http.StatusUnauthorized && bad.IsZero():
			bad = token
			continue
		case res.Status == http.StatusTooManyRequests && waits < maxWaits:
			waits++
			if wait := asked(res.Header.Get("Retry-After")); wait > longestWait || !gateway.Wait(ctx, wait) {
				return res, ctx.Err()
			}
			continue
		}
		return res, nil
	}
}

// asked gives how long PDS wants us to wait.
func asked(header string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || n < 0 {
		return usualWait
	}
	return time.Duration(min(n, 3600)) * time.Second
}

var (
	errAddress = errors.New("the address of PDS cannot be used")
	errMixedUp = errors.New("the answer belongs to another question")
)

// once makes one request.
func (a *Adapter) once(ctx context.Context, nhs string, token gateway.Secret) (*outbound.Response, error) {
	if err := a.pace.take(ctx); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/Patient/"+url.PathEscape(nhs), nil)
	if err != nil {
		return nil, errAddress
	}
	id := outbound.NewID()
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	r.Header.Set("X-Request-ID", id)
	r.Header.Set("X-Correlation-ID", outbound.NewID())
	r.Header.Set("Accept", "application/fhir+json")
	r.Header.Set("Cache-Control", "no-cache")
	if a.config.Organisation != "" {
		r.Header.Set("NHSD-End-User-Organisation-ODS", a.config.Organisation)
	}
	res, err := a.out.Do(r)
	if err != nil {
		return nil, err
	}
	if echo := res.Header.Get("X-Request-ID"); echo != "" && !strings.EqualFold(echo, id) {
		return nil, errMixedUp
	}
	return res, nil
}

// refusal makes the error for an answer that tells nothing of the patient.
func (a *Adapter) refusal(res *outbound.Response) error {
	u, err := url.Parse(a.base)
	if err != nil {
		return errAddress
	}
	err = refused(&http.Request{URL: u}, res)
	if res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden {
		return fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
	}
	return err
}

// knowsNobody reports whether PDS says that there is no record that may be used. A
// bare 404 is none of that: it may be the wrong address.
func knowsNobody(res *outbound.Response) bool {
	codes := fhirshape.DetailCodes(res.Body)
	return slices.ContainsFunc(noRecord[res.Status], func(code string) bool { return slices.Contains(codes, code) })
}

// Prove shows that PDS accepts our credentials, and looks at its clock. It asks for a
// number that the documentation of PDS gives for examples and that nobody has; that
// there is no such patient is as good an answer as any.
func (a *Adapter) Prove(ctx context.Context) (gateway.Reading, error) {
	reading := gateway.Reading{Asked: a.env.Clock.Now(), Grain: time.Second}
	res, err := a.look(ctx, exampleNumber)
	reading.Answered = a.env.Clock.Now()
	if err != nil {
		return reading, fmt.Errorf("ask pds: %w", err)
	}
	reading.Theirs, _ = http.ParseTime(res.Header.Get("Date"))
	if res.Status != http.StatusOK && !knowsNobody(res) {
		return reading, fmt.Errorf("ask pds: %w", a.refusal(res))
	}
	return reading, nil
}

const exampleNumber = "9000000009"
