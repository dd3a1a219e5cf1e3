package emis

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

var (
	errBadAddress = errors.New("the configured address cannot be used")
	// errNothingFound is the old interface's way of saying that a list is empty.
	errNothingFound = errors.New("nothing found")
)

// The outcomes of the old interface that are still carried beside the HTTP
// status (legacyOutcome) and that change what an answer means.
const (
	outcomeDenied  = "2"
	outcomeNothing = "3"
)

// get makes one read and gives the whole answer; age hears how old it is. A
// token that is refused is replaced once. errNothingFound stands for an empty
// list; ErrSourceDenied is wrapped when a person must act.
func (a *Adapter) get(ctx context.Context, client *outbound.Client, op string, q url.Values, age *outbound.Age) ([]byte, error) {
	token, err := a.tokens.get(ctx, gateway.Secret{})
	if err != nil {
		return nil, err
	}
	r, res, err := a.ask(ctx, client, op, q, token)
	if err != nil {
		return nil, err
	}
	if res.Status == http.StatusUnauthorized {
		if token, err = a.tokens.get(ctx, token); err != nil {
			return nil, err
		}
		if r, res, err = a.ask(ctx, client, op, q, token); err != nil {
			return nil, err
		}
	}
	age.Heard(res, a.clock.Now())
	return accepted(r, res)
}

func (a *Adapter) ask(ctx context.Context, client *outbound.Client, op string, q url.Values, token gateway.Secret) (*http.Request, *outbound.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.address(op, q), nil)
	if err != nil {
		return nil, nil, errBadAddress
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	r.Header.Set("applicationId", a.config.ApplicationID)
	r.Header.Set("Accept", "application/"+a.config.Format)
	r.Header.Set("Cache-Control", "no-cache")
	res, err := client.Do(r)
	return r, res, err
}

// accepted sorts answers by status.
func accepted(r *http.Request, res *outbound.Response) ([]byte, error) {
	if res.Status == http.StatusOK {
		return res.Body, nil
	}
	err := outbound.StatusError(r, res.Status)
	outcome := legacyOutcome(res.Body)
	switch {
	case res.Status == http.StatusNotFound && outcome == outcomeNothing:
		return nil, errNothingFound
	case res.Status == http.StatusUnauthorized, res.Status == http.StatusForbidden,
		res.Status >= 400 && outcome == outcomeDenied:
		return nil, fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
	}
	return nil, err
}

// legacyOutcome reads that one field of an error answer, in either format; empty
// when there is none.
func legacyOutcome(body []byte) string {
	var j struct {
		Outcome text `json:"legacyOutcome"`
	}
	if json.Unmarshal(body, &j) == nil {
		return j.Outcome.trim()
	}
	var x struct {
		Pascal text `xml:"LegacyOutcome"`
		Camel  text `xml:"legacyOutcome"`
	}
	if xml.Unmarshal(body, &x) == nil {
		return cmp.Or(x.Pascal.trim(), x.Camel.trim())
	}
	return ""
}
