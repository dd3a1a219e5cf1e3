// Package pds asks the Personal Demographics Service, the NHS' own register of
// patients in England, about one patient at a time, in the moment before a text:
// whether the patient has died, has left, is not to be contacted, has a sensitive
// record, has another NHS number or another mobile number. It is a checker beside a
// practice's own clinical system, which it never replaces: PDS knows no appointments.
//
// It reads only, by NHS number only, in the application-restricted mode of the NHS
// API platform. It never searches by name.
package pds

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"bellman/adapters/beside"
	"bellman/adapters/signed"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Limits of one exchange. It holds up a text, which waits ten seconds in all.
const (
	timeout = 4 * time.Second
	maxBody = 1 << 20
)

// Adapter asks PDS for one practice. It is a gateway.Checker, safe for concurrent
// use.
type Adapter struct {
	*beside.Memory[truth]
	config Config
	env    gateway.Surroundings
	base   string
	out    *outbound.Client
	tokens *signed.Tokens
	pace   pace
}

var _ beside.Remembering = (*Adapter)(nil)

// New makes the checker of one practice. It asks nothing yet. The error joins every
// fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	c = c.withDefaults(env)
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	out := outbound.New(outbound.Options{Local: env.Trial, Timeout: timeout, MaxBody: maxBody, Turn: env.Turn})
	tokens, err := newTokens(c.Auth, env.Clock, out)
	if err != nil {
		return nil, err
	}
	a := &Adapter{config: c, env: env, base: strings.TrimRight(c.BaseURL, "/"), out: out, tokens: tokens, pace: newPace(c.PerSecond)}
	a.Memory, err = beside.NewMemory(beside.Options[truth]{
		Name: "pds", Shelf: env.Shelf, Clock: env.Clock,
		Key: key, Without: a.without, Ask: a.ask, Lay: a.lay, Fresh: c.Fresh, Cache: c.Cache,
	})
	return a, err
}

// CloseIdle drops idle connections, for an orderly stop.
func (a *Adapter) CloseIdle() { a.out.CloseIdle() }

// refused makes the error of an answer for one of our own addresses.
func refused(r *http.Request, res *outbound.Response) error {
	return outbound.StatusError(r, res.Status)
}
